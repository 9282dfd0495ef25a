"""What every desk we write through must keep, whatever its vendor; each at its own simulator."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack

import pytest

from adapters.pms import registered
from adapters.rest.vendor import Vendor
from domain.wishes import WriteKind
from tests.contract import desk_looks as look
from tests.contract import desk_writes as write
from tests.contract.desks import FIXTURES, Played, played

pytestmark = pytest.mark.integration

Check = Callable[[Played], None]

OF_ALL: Sequence[Check] = (
    look.can_do_what_its_description_says_and_refuses_the_rest,
    look.names_its_book_the_same_whoever_opens_it,
    look.pays_for_every_request_before_it_leaves,
    look.asks_for_nothing_while_the_clock_says_wait,
    look.knows_what_is_taken_by_whom_and_no_more,
    look.sees_what_began_before_the_time_and_lasts_into_it,
    look.takes_no_time_for_free_whose_visit_it_cannot_read,
    look.says_no_more_than_that_nothing_is_known_while_it_fails,
)
OF_CALLERS: Sequence[Check] = (
    look.shows_the_book_as_it_stands_with_what_was_cancelled,
    look.shows_all_of_one_patients_visits,
    look.finds_a_visit_by_its_id_on_any_day_and_no_other,
    look.offers_times_at_which_somebody_works_and_is_free,
    look.finds_a_patient_by_number_by_name_and_birth_date_and_by_id,
    look.finds_everybody_by_the_number_they_call_from,
    look.finds_nobody_who_does_not_agree_in_all_that_was_said,
)
OF_WRITES: Mapping[WriteKind, Sequence[Check]] = {
    WriteKind.BOOK: (
        write.books_what_was_asked_for_once_and_says_which_it_is,
        write.books_no_other_hour_where_the_clock_shows_one_twice,
        write.calls_nothing_done_that_is_not_in_the_book,
        write.hands_out_what_a_write_was_paid_with,
        write.tells_a_booking_whose_answer_was_lost_from_the_book,
        write.does_not_take_a_booking_that_never_came_for_done,
        write.does_not_take_another_booking_at_that_time_for_ours,
        write.is_in_doubt_where_an_answer_says_nothing_of_what_was_done,
        write.leaves_nothing_in_doubt_that_certainly_never_left,
        write.says_that_it_was_refused_and_nothing_of_the_patient,
        write.waits_where_the_vendor_says_wait_with_nothing_done,
        write.asks_for_a_person_where_it_is_signed_out,
    ),
    WriteKind.RESCHEDULE: (
        write.moves_a_visit_and_nothing_else,
        write.moves_a_visit_to_somebody_else,
        write.tells_a_move_whose_answer_was_lost_from_the_book,
        write.does_not_take_a_move_that_never_came_for_done,
    ),
    WriteKind.CANCEL: (
        write.cancels_a_visit_and_nothing_else,
        write.does_not_take_a_cancellation_that_never_came_for_done,
        write.does_not_say_that_what_was_lost_and_done_was_not,
        write.refuses_to_change_what_is_not_there,
    ),
    WriteKind.CREATE_PATIENT: (
        write.makes_a_patient_once_who_is_found_from_then_on,
        write.makes_no_second_patient_where_the_answer_was_lost,
    ),
}
DESKS = sorted(name for name, one in registered().items() if one.desk is not None)


def checks_of(vendor: Vendor) -> list[Check]:
    """Those of what it says that it can."""
    said = vendor.capabilities.writes
    writes = [each for kind, every in OF_WRITES.items() if kind.value in said for each in every]
    return [*OF_ALL, *(OF_CALLERS if vendor.serves_callers else ()), *writes]


@pytest.fixture(scope="module")
def practices() -> Iterator[Callable[[str], Played]]:
    """Each vendor's, opened once for all checks."""
    opened: dict[str, Played] = {}
    with ExitStack() as stack:

        def of(name: str) -> Played:
            if name not in opened:
                opened[name] = stack.enter_context(played(name))
            return opened[name]

        yield of


def test_every_desk_says_how_it_is_played() -> None:
    assert {path.stem for path in FIXTURES.glob("*.json")} == set(DESKS)


@pytest.mark.parametrize(
    ("name", "check"),
    [
        pytest.param(name, check, id=f"{name}-{check.__name__}")
        for name in DESKS
        for check in checks_of(registered()[name])
    ],
)
def test_the_desk(practices: Callable[[str], Played], name: str, check: Check) -> None:
    check(practices(name))
