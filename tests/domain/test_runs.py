"""A run's checkpoint goes into a row and comes back, and knows what progress is."""

import json

from hypothesis import given
from hypothesis import strategies as st

from domain.runs import Counts, Progress

words = st.text(max_size=8)
counts = st.builds(Counts, **{name: st.integers(0, 10**6) for name in Counts.__slots__})
progress = st.builds(
    Progress,
    reference_read=st.booleans(),
    done=st.lists(words, max_size=4),
    current=st.none() | words,
    resume=st.none() | words,
    half_read=st.booleans(),
    page=st.integers(0, 100),
    furthest=st.integers(0, 100),
    seen=st.none() | st.lists(words, max_size=4),
    total=st.integers(0, 100),
    problems=st.dictionaries(words, words, max_size=3),
    counts=counts,
)


@given(progress)
def test_a_checkpoint_comes_back_as_it_was_stored(one: Progress) -> None:
    stored = json.loads(json.dumps(one.as_checkpoint()))

    assert Progress.from_checkpoint(stored) == one


def test_a_new_job_has_made_no_progress() -> None:
    assert Progress.from_checkpoint({}) == Progress()


def test_what_is_as_it_was_at_first_is_not_written_with_each_page() -> None:
    one = Progress(listed=[], done=["a"], page=2, counts=Counts(fetched=100, unchanged=100))

    assert Progress().as_checkpoint() == {"counts": {}}
    assert one.as_checkpoint() == {
        "listed": [],
        "done": ["a"],
        "page": 2,
        "counts": {"fetched": 100, "unchanged": 100},
    }


def test_what_newer_code_stored_is_dropped_and_what_older_code_lacked_is_new() -> None:
    stored = {"done": ["a"], "from_the_future": 1, "counts": {"fetched": 2, "unheard_of": 3}}

    assert Progress.from_checkpoint(stored) == Progress(done=["a"], counts=Counts(fetched=2))


def test_two_runs_share_nothing() -> None:
    one, other = Progress(), Progress()
    one.done.append("a")
    one.counts.fetched += 1

    assert other == Progress()


def test_a_query_begun_forgets_the_place_in_the_last() -> None:
    one = Progress(current="a", resume="cursor", seen=["x"], page=7, furthest=7)

    one.turn_to("b")

    assert (one.current, one.resume, one.seen, one.page, one.furthest) == ("b", None, None, 0, 0)


def test_only_a_page_no_attempt_has_reached_is_progress() -> None:
    one = Progress(current="a")

    told = []
    for page in (1, 2, 1, 2, 3):
        one.page = page
        told.append(one.advance())

    assert told == [True, True, False, False, True]
    assert one.furthest == 3


def test_the_end_of_a_query_is_progress() -> None:
    one = Progress(current="a", page=1, furthest=5)
    assert not one.advance()

    one.turn_to(None)

    assert one.advance()
