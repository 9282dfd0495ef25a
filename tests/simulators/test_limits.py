import pytest

from simulators.limits import FixedGate, Gate, Limit, judge, read_limits


def test_the_gate_lets_in_as_many_as_the_limit_and_says_how_long_to_wait() -> None:
    gate = Gate([Limit(2, 60)])

    assert [gate.admit(now) for now in (0, 10, 20)] == [None, None, 40]


def test_the_window_slides_and_a_refusal_spends_nothing() -> None:
    gate = Gate([Limit(2, 60)])

    answers = [gate.admit(now) for now in (0, 10, 20, 59, 60, 60, 70)]
    assert answers == [None, None, 40, 1, None, 10, None]


def test_the_longest_wait_of_several_limits_counts() -> None:
    gate = Gate([Limit(1, 1), Limit(2, 100)])

    assert [gate.admit(now) for now in (0, 0.5, 1, 3)] == [None, 0.5, None, 97]


def test_a_fixed_window_begins_with_an_arrival_and_then_starts_afresh() -> None:
    gate = FixedGate([Limit(2, 60)])

    assert [gate.admit(now) for now in (10, 60, 65, 70, 71)] == [None, None, 5, None, None]
    assert (gate.left(100), gate.reset(100)) == (0, 30)
    assert gate.left(131) == 2


def test_a_sliding_window_ends_when_its_oldest_arrival_no_longer_counts() -> None:
    gate = Gate([Limit(2, 60)])
    for now in (0, 10):
        gate.admit(now)

    assert (gate.reset(20), gate.reset(65), gate.reset(80)) == (40, 5, 0)


def test_without_limits_everybody_is_let_in() -> None:
    gate = Gate(())

    assert [gate.admit(0) for _ in range(1000)] == [None] * 1000


@pytest.mark.parametrize(
    ("arrivals", "violations", "worst"),
    [
        ([], 0, 0),
        ([0, 1, 2], 0, 3),
        ([0, 1, 2, 3], 1, 4),
        ([0, 1, 2, 10], 0, 3),  # half open: what came ten seconds ago is out
        ([0, 1, 2, 9.999], 1, 4),
        ([8, 9, 9.5, 10, 10.5], 2, 5),  # a fixed window that began at 10 would miss it
        ([3, 2, 1, 0], 1, 4),  # in any order
    ],
)
def test_the_judge_looks_at_every_true_window(
    arrivals: list[float], violations: int, worst: int
) -> None:
    verdict = judge(arrivals, Limit(3, 10))

    assert (verdict.violations, verdict.worst) == (violations, worst)


def test_the_judge_can_be_lenient_about_jitter() -> None:
    assert judge([0, 1, 2, 9.999], Limit(3, 10), tolerance=0.01).violations == 0


def test_limits_are_read_from_words() -> None:
    assert read_limits(["60/60", "1000/3600"]) == (Limit(60, 60), Limit(1000, 3600))
    assert read_limits(["off"]) == ()


@pytest.mark.parametrize("text", ["60", "0/60", "60/-1", "many"])
def test_a_limit_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Limit.read(text)
