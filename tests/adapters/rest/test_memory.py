"""What is remembered of followed references, and for how long."""

from adapters.rest.memory import Memory


def test_only_the_newest_are_kept() -> None:
    memory = Memory(most=2)

    memory.update({"a": 1, "b": 2})
    memory["a"] = 3
    memory["c"] = 4

    assert dict(memory) == {"a": 3, "c": 4}


def test_no_more_is_kept_than_there_is_room_for_but_the_newest() -> None:
    memory = Memory(most_bytes=10_000)
    photo = [{"photo": {"data": "x" * 4000}}]

    memory.update(dict.fromkeys("abc", photo))
    held = "".join(memory)
    memory["d"] = "x" * 20_000
    alone = "".join(memory)
    del memory["d"]
    memory.update(dict.fromkeys("ef", photo))

    assert (held, alone, "".join(memory)) == ("bc", "d", "ef")


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
