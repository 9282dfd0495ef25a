"""What is remembered of followed references, and for how long."""

from adapters.rest.memory import Memory


def test_only_the_newest_are_kept() -> None:
    memory = Memory(most=2)

    memory.update({"a": 1, "b": 2})
    memory["a"] = 3
    memory["c"] = 4

    assert dict(memory) == {"a": 3, "c": 4}


def test_nothing_is_kept_for_longer_than_it_may() -> None:
    now = [0.0]
    memory = Memory(seconds=900, clock=lambda: now[0])
    memory["a"] = None

    now[0] = 899.9
    kept = "a" in memory
    now[0] = 900.0

    assert kept and "a" not in memory and len(memory) == 0


def test_what_is_deleted_is_gone() -> None:
    memory = Memory()
    memory["a"] = 1

    del memory["a"]

    assert memory.get("a") is None
