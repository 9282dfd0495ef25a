"""Records that come as they were are told by their rows, and whatever has changed is read."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rest.envelope import Envelope
from adapters.rest.origins import release
from adapters.rest.record import Record, last_segment
from adapters.rest.vendor import Listing, Vendor
from domain.appointments import Appointment, Patient
from domain.connections import Connection, KnownType
from domain.intake import Sorted, Stored, belongs, known_by_origin, row_id, sort_page
from domain.origins import Known
from domain.sources import Page
from domain.window import Window
from tests.adapters.rest.test_source import ALL, CONNECTION, VENDOR, Rig

MAPPED = replace(CONNECTION, clinicians={"d1": UUID(int=1)}, telehealth_only=False)
ALWAYS = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def read(record: Record, connection: Connection) -> Iterator[Appointment]:
    """A row for each patient, who stands in a side list or must be asked for."""
    start = record.instant("start", zone=connection.timezone)
    kind = connection.types.get(record.maybe("type") or "")
    if record.maybe("status") == "odd":
        record.drift.append("status:odd")
    minutes = record.minutes("minutes") or (kind and kind.duration_minutes) or 30
    for who in record.records("patients") or (None,):
        yield Appointment(
            pms_id=record.id(),
            start=start,
            end=start + timedelta(minutes=minutes),
            practitioner_id="d1",
            patient=_patient(record, who) if who else None,
            notes=record.notes("notes"),
        )


def _patient(record: Record, who: Record) -> Patient | None:
    pms_id = last_segment(who.text("ref")) or ""
    found = record.lookup("people", pms_id)
    if who.has("away"):
        found = record.follow("/v1/patients/{id}", id=pms_id)
    return Patient(pms_id=pms_id, full_name=found.maybe("name") if found else None)


SHAPED: Vendor = replace(
    VENDOR,
    appointments=Listing(
        path="/v1/appointments",
        wrapping=Envelope(items="data", included=("people",)),
        parse=read,
        expects=frozenset({"start"}),
    ),
)


def printed(document: bytes) -> bytes:
    return blake2b(document, digest_size=20).digest()


def visit(number: int, *refs: str, **more: Any) -> dict[str, Any]:
    patients = [{"ref": ref} for ref in refs]
    return {"id": number, "start": "2026-06-02T09:00", "patients": patients, **more}


@dataclass
class Practice:
    """What a practice answers, and what is held of it after each reading."""

    items: Sequence[Any]
    people: Mapping[str, str] = field(default_factory=dict)
    connection: Connection = MAPPED
    vendor: Vendor = SHAPED
    held: dict[UUID, Stored] = field(default_factory=dict)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if "/patients/" in request.url.path:
            return httpx.Response(200, json={"name": "Followed Example"})
        people = [{"id": key, "name": name} for key, name in self.people.items()]
        return httpx.Response(200, json={"data": list(self.items), "people": people})

    def page(self, *, knowing: bool = True) -> Page:
        rows = known_by_origin(self.held)
        known = Known(rows, printed, self.connection) if knowing else None
        rig = Rig(self._answer, vendor=self.vendor, connection=self.connection)
        (page,) = rig.source.pages(replace(ALL, known=known))
        return page

    def sorted(self, page: Page) -> Sorted:
        keyed = [(row_id(self.connection.id, one), one) for one in page.records]
        return sort_page(
            keyed, self.held, connection=self.connection, window=ALWAYS, fingerprint=printed
        )

    def sync(self) -> Page:
        """Read, and hold what was read."""
        page = self.page()
        found = self.sorted(page)
        for one in found.fresh:
            stored = Stored(one.fingerprint, is_removed=False, origin=one.appointment.origin)
            self.held[one.id] = stored
        for again in found.reprinted:
            self.held[again.id] = replace(self.held[again.id], origin=again.origin)
        for row in found.leaving:
            self.held[row] = replace(self.held[row], is_removed=True)
        return page


def test_a_record_that_came_before_is_told_by_its_rows_alone() -> None:
    practice = Practice([visit(1, "p/1", "p/2"), visit(2)], {"1": "Ann Example"})
    first = practice.sync()

    again = practice.sync()

    assert (len(first.records), list(first.known)) == (3, [])
    assert again.records == []
    assert set(again.known) == set(practice.held)


@pytest.mark.parametrize(
    "change",
    [
        {"items": [visit(1, "p/1", notes="moved")]},
        {"items": [visit(1, "p/1", "p/2")]},
        {"items": [visit(1)]},
        {"people": {"1": "Ann Other"}},
        {"people": {}},
        {"connection": replace(MAPPED, timezone="Australia/Perth")},
        {"connection": replace(MAPPED, clinicians={"d1": UUID(int=2)})},
        {"connection": replace(MAPPED, types={"new": KnownType(name="Long", duration_minutes=60)})},
        {"connection": replace(MAPPED, settings={"default_minutes": 45})},
        {"connection": replace(MAPPED, settings={"leave_out": "notes"})},
        {"connection": replace(MAPPED, telehealth_only=True)},
    ],
)
def test_whatever_may_change_a_row_has_its_record_read_again(change: dict[str, Any]) -> None:
    practice = Practice([visit(1, "p/1")], {"1": "Ann Example"})
    practice.sync()

    for name, value in change.items():
        setattr(practice, name, value)
    again = practice.page()

    assert list(again.known) == []
    assert again.records


def test_what_is_left_out_is_in_no_print_and_comes_back_once_it_is_not() -> None:
    practice = Practice([visit(1, notes="first")])
    practice.sync()
    practice.connection = replace(MAPPED, settings={"leave_out": "notes"})
    assert [row.notes for row in practice.sync().records] == [None]

    practice.items = [visit(1, notes="second")]
    assert practice.page().records == []
    practice.connection = MAPPED

    assert [row.notes for row in practice.sync().records] == ["second"]


def test_a_person_who_is_told_only_later_has_the_record_read_again() -> None:
    practice = Practice([visit(1, "p/1")])
    practice.sync()

    practice.people = {"1": "Ann Example"}

    assert [row.patient and row.patient.full_name for row in practice.page().records] == [
        "Ann Example"
    ]


def test_settings_that_no_record_is_read_by_do_not_matter() -> None:
    practice = Practice([visit(1)])
    practice.sync()

    practice.connection = replace(MAPPED, name="Renamed", frequency_minutes=60)

    assert len(practice.page().known) == 1


def test_whom_else_the_source_happened_to_meet_does_not_matter() -> None:
    known = Known({}, lambda document: blake2b(document).digest(), MAPPED)
    met = replace(MAPPED, practitioners={**MAPPED.practitioners, "d9": "Not in the book"})

    assert known.reading(met) == known.reading(MAPPED)
    assert known.reading(replace(MAPPED, site="other")) != known.reading(MAPPED)


def test_what_was_asked_for_elsewhere_is_read_each_time() -> None:
    followed = {"id": 1, "start": "2026-06-02T09:00", "patients": [{"ref": "p/1", "away": True}]}
    practice = Practice([followed])
    practice.sync()

    assert len(practice.sync().records) == 1


def test_what_drifts_or_cannot_be_read_is_told_each_time() -> None:
    practice = Practice([visit(1, status="odd"), {"id": 2}, visit(3)])
    practice.sync()

    again = practice.sync()

    assert len(again.known) == 1
    assert [one.pms_id for one in again.records] == ["1"]
    assert again.drift == {"status:odd": 1}
    assert [one.pms_id for one in again.rejects] == ["2"]


def test_rows_of_which_one_is_gone_from_the_sheet_are_read_again() -> None:
    practice = Practice([visit(1, "p/1", "p/2")])
    practice.sync()
    row = next(iter(practice.held))

    practice.held[row] = replace(practice.held[row], is_removed=True)

    assert len(practice.page().records) == 2


def test_a_row_taken_off_by_a_person_is_known_where_it_belongs() -> None:
    practice = Practice([visit(1, "p/1")])
    practice.sync()
    (row,) = practice.held

    practice.held[row] = replace(practice.held[row], is_removed=True, is_undone=True)

    assert list(practice.page().known) == [row]


def test_after_a_setting_changed_each_row_is_printed_once_more() -> None:
    practice = Practice([visit(1, "p/1"), visit(2)])
    practice.sync()
    practice.connection = replace(MAPPED, settings={"default_minutes": 45})

    told = practice.sorted(practice.page())
    practice.sync()

    assert (told.fresh, told.unchanged, len(told.reprinted)) == ([], 2, 2)
    assert len(practice.page().known) == 2


def test_a_record_that_never_comes_twice_alike_costs_no_write() -> None:
    practice = Practice([visit(1, sent="09:00:00")])
    practice.sync()

    practice.items = [visit(1, sent="09:00:01")]
    told = practice.sorted(practice.page())

    assert (told.unchanged, told.is_quiet) == (1, True)


def test_a_parser_from_elsewhere_that_was_mended_reads_every_record_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = tmp_path / "pms_from_elsewhere.py"
    described.write_text("LENGTH = 15\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module(described.stem)
    before = release(described.stem)

    described.write_text("LENGTH = 30\n")
    release.cache_clear()

    assert release(described.stem) != before
    assert release("adapters") != before


_REFS = st.lists(st.sampled_from(["p/1", "p/2", "2", "3"]), max_size=3, unique=True)
_VISITS = st.builds(
    lambda number, refs, notes: visit(number, *refs, notes=notes),
    st.integers(1, 3),
    _REFS,
    st.sampled_from(["", "a", "1"]),
)
_BOOKS = st.lists(_VISITS, max_size=4, unique_by=lambda one: one["id"])
_PEOPLE = st.dictionaries(st.sampled_from("123"), st.sampled_from(["Ann", "Bob"]))


@given(st.lists(st.tuples(_BOOKS, _PEOPLE), min_size=2, max_size=5))
def test_nothing_comes_out_otherwise_than_if_all_had_been_read(
    days: Sequence[tuple[Sequence[Any], Mapping[str, str]]],
) -> None:
    practice = Practice([])
    for items, people in days:
        practice.items, practice.people = items, people

        known, whole = practice.page(), practice.page(knowing=False)
        some, every = practice.sorted(known), practice.sorted(whole)

        assert {one.id: one.fingerprint for one in some.fresh} == {
            one.id: one.fingerprint for one in every.fresh
        }
        assert some.unchanged + len(known.known) == every.unchanged
        assert sorted([*some.seen, *known.known]) == sorted(every.seen)
        practice.sync()


def test_a_filter_leaves_no_known_row_on_the_sheet() -> None:
    practice = Practice([visit(1)])
    practice.sync()

    practice.connection = replace(MAPPED, clinicians={})
    found = practice.sorted(practice.page())

    assert not any(belongs(one, practice.connection) for one in practice.page().records)
    assert len(found.leaving) == 1
