"""What a record refers to and cannot be had: about that one alone, or about all of them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import httpx
import pytest

from domain.appointments import Appointment
from domain.errors import NeedsReconnect, Refused, SyncError, Throttled, Transient
from tests.adapters.rest.test_source import ALL, Rig, item, page

REFUSALS = [(401, NeedsReconnect), (403, NeedsReconnect), (422, Refused)]
FAILURES: list[tuple[int, type[SyncError]]] = [*REFUSALS, (500, Transient), (503, Transient)]


@dataclass
class Practice:
    """Appointments 1 to `most`, each of a patient of its number; `lost` are told with `status`."""

    most: int = 5
    lost: Collection[int] = ()
    status: int = 403
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    is_lost: Callable[[int], bool] | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        if "patients" not in request.url.path:
            return page(*(item(n, patientId=n) for n in range(1, self.most + 1)))
        who = int(request.url.path.rpartition("/")[2])
        self.asked.append(who)
        lost = self.is_lost(who) if self.is_lost else who in self.lost
        if lost:
            return httpx.Response(self.status, headers=self.headers)
        return httpx.Response(200, json={"lastName": f"Example {who}"})

    def named(self) -> list[int]:
        """Whose appointments come with a name."""
        return sorted(number(row) for row in Rig(self.answer).rows() if has_name(row))


def number(row: Appointment) -> int:
    return int(row.pms_id)


def has_name(row: Appointment) -> bool:
    return row.patient is not None and row.patient.full_name is not None


@pytest.mark.parametrize(("status", "error"), FAILURES)
@pytest.mark.parametrize("lost", [{3}, {1, 2}, {4, 5}, {5}, {1, 3, 5}])
def test_whoever_cannot_be_read_costs_only_their_own_details(
    lost: set[int], status: int, error: type[SyncError]
) -> None:
    practice = Practice(lost=lost, status=status)

    rig = Rig(practice.answer)
    (only,) = rig.source.pages(ALL)

    assert sorted(number(row) for row in only.records) == [1, 2, 3, 4, 5]
    assert {number(row) for row in only.records if not has_name(row)} == lost
    assert {one.pms_id for one in only.rejects} == {str(one) for one in lost}


@pytest.mark.parametrize(("status", "error"), FAILURES)
def test_a_family_in_a_row_that_may_not_be_read_is_not_the_whole_practice(
    status: int, error: type[SyncError]
) -> None:
    assert Practice(most=9, lost={3, 4, 5, 6, 7}, status=status).named() == [1, 2, 8, 9]


@pytest.mark.parametrize(("status", "error"), FAILURES)
@pytest.mark.parametrize("most", [3, 9])
def test_where_nobody_can_be_read_the_run_fails(
    most: int, status: int, error: type[SyncError]
) -> None:
    practice = Practice(most=most, lost=range(1, 10), status=status)

    with pytest.raises(error):
        practice.named()
    assert set(practice.asked) == {1, 2, 3}


@pytest.mark.parametrize(("status", "error"), FAILURES)
def test_a_vendor_that_fails_from_somewhere_on_fails_the_run(
    status: int, error: type[SyncError]
) -> None:
    """Whoever was read before answers no more either."""
    practice = Practice(status=status)
    practice.is_lost = lambda who: len(practice.asked) > 3

    with pytest.raises(error):
        practice.named()


@pytest.mark.parametrize(("status", "error"), FAILURES)
def test_one_stray_failure_costs_a_request_and_nobodys_details(
    status: int, error: type[SyncError]
) -> None:
    practice = Practice(status=status)
    practice.is_lost = lambda who: who == 2 and practice.asked.count(2) == 1

    assert practice.named() == [1, 2, 3, 4, 5]


def test_the_only_patient_who_fails_with_the_server_fails_the_run() -> None:
    with pytest.raises(Transient):
        Practice(most=1, lost={1}, status=500).named()


def test_the_only_patient_who_may_not_be_read_is_left_out() -> None:
    assert Practice(most=1, lost={1}, status=403).named() == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_vendor_that_asks_for_a_wait_gets_it(status: int) -> None:
    practice = Practice(lost={2}, status=status, headers={"retry-after": "60"})

    with pytest.raises((Throttled, Transient)):
        practice.named()
    assert practice.asked == [1, 2]


def test_whoever_may_not_be_read_is_asked_for_twice_in_a_run_and_again_in_the_next() -> None:
    practice = Practice(lost={2})

    source = Rig(practice.answer).source
    for _ in range(2):
        list(source.pages(ALL))
    assert practice.asked.count(2) == 2

    practice.lost = ()
    assert practice.named() == [1, 2, 3, 4, 5]
