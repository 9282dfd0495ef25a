"""Whatever single value Sikka tells a desk oddly, the other records are told, and nothing is free
that may be taken."""

import re
from collections.abc import Callable, Mapping, Sequence
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from domain.desk import Ability, PatientQuery, PracticeDesk
from domain.errors import BadRecord, BrokenContract
from domain.slots import OPERATORY
from tests.adapters.sikka.counter import Counter, listed
from tests.adapters.sikka.test_desk import ANN, BOB, CHAIRS, DAY, DR, PRACTICE, visit

ODD = [None, 7, 1.5, True, ["x"], [], {}, {"x": 1}, "x" * 30_000, 10**25, "2026-02-31T25:61"]
ADA = {**DR, "provider_id": "DR2", "firstname": "Ada"}
WHOSE, WHO = "resource_type", "resource_id"
AT_WORK = {
    WHOSE: "Provider",
    "date": "2026-05-31T00:00:00",
    "tuesday_start_1": "09:00",
    "tuesday_end_1": "17:00",
    "tuesday_holiday": "F",
}
SLOT = {
    "provider_id": "DR1",
    "operatory": "OP1",
    "date": "2026-06-02T00:00:00",
    "time": "09:00",
    "end_time": "10:00",
}
NOTE = {"patient_id": "p-1", "text": "One", "type": "Clinical", "provider_id": "DR1"}

USUAL: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "GET /patients": (ANN, BOB),
    "GET /appointments": (visit("a-1", "09:00"), visit("a-2", "10:00")),
    "GET /providers": (DR, ADA),
    "GET /practices": (PRACTICE, PRACTICE),
    "GET /operatories": CHAIRS,
    "GET /practice_schedule": (
        {**AT_WORK, "resource_id": "DR1"},
        {**AT_WORK, "resource_id": "DR2"},
    ),
    "GET /appointments_available_slots": (SLOT, {**SLOT, "time": "11:00", "end_time": "12:00"}),
    "GET /medical_notes": (
        {**NOTE, "note_id": "n-1", "date": "2026-06-01T00:00:00"},
        {**NOTE, "note_id": "n-2", "text": "Two"},
    ),
}
"""Two records of everything; it is the first one that is odd."""

ORTHO = [{"practice_management_system": "Orthotrac", "new_appointment_writeback": "available"}]


def of_everybody(desk: PracticeDesk) -> set[str]:
    return {one.patient.pms_id for one in desk.search_patients(PatientQuery(last_name="Example"))}


def of_the_second(desk: PracticeDesk) -> set[str]:
    found = desk.patient("p-2")
    return {found.patient.pms_id} if found else set()


def of_the_book(desk: PracticeDesk) -> set[str]:
    return {one.pms_id for one in desk.appointments(DAY)}


def at_work(desk: PracticeDesk) -> set[str]:
    return {one.resource.pms_id for one in desk.shifts(DAY) if one.resource.kind != OPERATORY}


def chairs(desk: PracticeDesk) -> set[str]:
    return {one.resource.pms_id for one in desk.shifts(DAY) if one.resource.kind == OPERATORY}


def slots(desk: PracticeDesk) -> set[str]:
    return {f"{one.window.start:%H}" for one in desk.openings(DAY) or ()}


def notes(desk: PracticeDesk) -> set[str]:
    return {one.text for one in desk.notes("p-1")}


READ: Sequence[tuple[str, Callable[[PracticeDesk], set[str]], str]] = [
    ("GET /patients", of_everybody, "p-2"),
    ("GET /patients", of_the_second, "p-2"),
    ("GET /appointments", of_the_book, "a-2"),
    ("GET /providers", at_work, "DR2"),
    ("GET /practice_schedule", at_work, "DR2"),
    ("GET /operatories", chairs, "OP2"),
    ("GET /practices", chairs, "OP2"),
    ("GET /appointments_available_slots", slots, "15"),
    ("GET /medical_notes", notes, "Two"),
]


def desk_with(path: str, first: Any, *, pms: str = "Orthotrac") -> PracticeDesk:
    """One where the first record at this path is another."""
    answers = {key: listed(*rows) for key, rows in USUAL.items()}
    answers[path] = listed(first, *USUAL[path][1:])
    return Counter({**answers, "GET /supported_pmses": listed(*ORTHO)}, pms=pms).desk


@pytest.mark.parametrize(
    ("path", "read", "other"), READ, ids=[f"{path} {other}" for path, _, other in READ]
)
def test_an_odd_record_costs_no_other(
    path: str, read: Callable[[PracticeDesk], set[str]], other: str
) -> None:
    usual = USUAL[path][0]
    firsts = [{**usual, key: odd} for key in usual if key not in {WHOSE, WHO} for odd in ODD]

    lost = [str(one)[:300] for one in [*firsts, *ODD] if other not in read(desk_with(path, one))]

    assert not lost, "\n".join(lost)


@pytest.mark.parametrize("odd", [one for one in ODD if one not in (None, [], {})], ids=str)
@pytest.mark.parametrize("key", ["status", "time", "length", "provider_id", "patient_id", "flag"])
def test_a_time_is_not_free_for_what_cannot_be_read_of_who_has_it(key: str, odd: Any) -> None:
    taken = {**USUAL["GET /appointments"][0], key: odd}

    busy = desk_with("GET /appointments", taken).busy(DAY)

    (first,) = [one for one in busy if one.pms_id == "a-1"]
    assert f"{first.window.start:%H}" in {"13", "04"}
    assert "OP1" in {one.pms_id for one in first.resources}


@pytest.mark.parametrize("odd", [["DR1"], {"id": "DR1"}, True, "x" * 300])
@pytest.mark.parametrize(
    ("key", "taken"),
    [
        ("provider_id", {"DR1", "DR2", "OP1"}),
        ("hygienist", {"DR1", "DR2", "OP1"}),
        ("operatory", {"DR1", "OP1", "OP2"}),
    ],
)
def test_where_it_cannot_be_read_whose_time_a_visit_takes_it_may_be_anybodys(
    key: str, odd: Any, taken: set[str]
) -> None:
    row = {**USUAL["GET /appointments"][0], key: odd}

    busy = desk_with("GET /appointments", row).busy(DAY)

    (first,) = [one for one in busy if one.pms_id == "a-1"]
    assert {one.pms_id for one in first.resources} == taken


@pytest.mark.parametrize("odd", ["a text", 7, None, [[]]])
def test_of_a_book_with_something_in_it_that_is_no_visit_nobody_says_what_is_free(odd: Any) -> None:
    with pytest.raises(BrokenContract, match="one of the records is none"):
        desk_with("GET /appointments", odd).busy(DAY)


@pytest.mark.parametrize(
    "told",
    [
        {"resource_type": "Practice", "tuesday_holiday": ["T"]},
        {WHOSE: ["Practice"]},
        {WHOSE: 7},
        {WHO: ["DR1"]},
    ],
    ids=str,
)
def test_a_schedule_that_may_close_the_whole_practice_opens_nothing(told: Any) -> None:
    desk = desk_with("GET /practice_schedule", {**AT_WORK, **told})

    with pytest.raises(BadRecord, match=re.escape("not a text")):
        desk.shifts(DAY)


@pytest.mark.parametrize("odd", ["x", 7, {}, {"items": {}}, [[]]])
@pytest.mark.parametrize("path", sorted(USUAL))
def test_a_list_that_is_none_is_not_an_empty_one(path: str, odd: Any) -> None:
    answers = {key: listed(*rows) for key, rows in USUAL.items()}
    desk = Counter(
        {**answers, path: odd, "GET /supported_pmses": listed(*ORTHO)}, pms="Orthotrac"
    ).desk
    read = next(read for where, read, _ in READ if where == path)

    with pytest.raises(BrokenContract):
        read(desk)


def test_one_office_that_answers_slowly_holds_up_no_other() -> None:
    entered, go_on = Event(), Event()

    def slowly(request: httpx.Request) -> httpx.Response:
        entered.set()
        assert go_on.wait(30)
        return httpx.Response(200, json=listed(*ORTHO))

    slow = Counter({"GET /supported_pmses": slowly}, pms="Orthotrac").desk
    waiting = Thread(target=lambda: slow.abilities)
    waiting.start()
    assert entered.wait(30)
    quick = Counter({"GET /supported_pmses": listed(*ORTHO)}, pms="Orthotrac").desk
    found: list[frozenset[Ability]] = []
    asking = Thread(target=lambda: found.append(quick.abilities))
    asking.start()
    asking.join(10)
    is_held_up = not found
    go_on.set()
    waiting.join(30)
    asking.join(30)

    assert not is_held_up
    assert Ability.OPENINGS in found[0]
