"""What is told of every PMS's records: all that matters, and nothing of a patient elsewhere."""

import copy
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
import pytest
import structlog

from adapters.pms import registered
from adapters.rest.minimised import bare
from domain.appointments import Appointment, Status
from domain.sources import Page
from tests.contract.kit import Fixture, Stage, at, fixture, playing, with_first_page

every_vendor = pytest.mark.parametrize("name", sorted(registered()))

CANARY = "Canary Example"
ODD: dict[str, Any] = {
    "absent": ...,
    "null": None,
    "text": CANARY,
    "number": 7_041_776,
    "list": [CANARY],
    "object": {CANARY: CANARY},
}
SHORTEST = 5


@every_vendor
def test_its_secrets_and_settings_are_explained_and_its_writes_have_a_desk(name: str) -> None:
    vendor = registered()[name]

    assert all({**vendor.secrets, **vendor.settings}.values())
    assert bool(vendor.capabilities.writes) is (vendor.desk is not None)


@every_vendor
def test_its_recording_covers_one_that_was_called_off(name: str) -> None:
    """Among the rows of its pages, or those that are `looked_up` by their ids."""
    told = fixture(name).told
    statuses = [one.get("status") for one in (*told["expected"], *told.get("looked_up", ()))]

    assert Status.CANCELLED.value in statuses


@every_vendor
def test_whatever_may_be_left_out_stands_where_it_says(name: str) -> None:
    """Else what a practice leaves out would be read all the same, and only dropped at the end."""
    told = fixture(name)
    objects = [one for exchange in told.exchanges for one in _objects(exchange.get("json"))]

    spots = [spot for held in told.vendor.holds.values() for spot in held]

    assert [spot for spot in spots if all(bare(one, [spot]) == one for one in objects)] == []


@contextmanager
def every_line() -> Iterator[list[Any]]:
    """What is logged below the level that the tests are run at, too, and before it is filtered."""
    usual = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    try:
        with structlog.testing.capture_logs() as lines:
            yield lines
    finally:
        structlog.configure(wrapper_class=usual)


@every_vendor
def test_nothing_of_a_patient_is_logged(name: str, caplog: pytest.LogCaptureFixture) -> None:
    told = fixture(name)
    caplog.set_level(logging.DEBUG)

    with every_line() as lines:
        rows = Stage(told).rows()

    said = " ".join([caplog.text, *map(str, lines)])
    assert [one for one in _of_patients(rows) if one in said] == []


@every_vendor
def test_a_field_that_is_odd_costs_its_record_at_most_and_is_told_without_its_value(
    name: str,
) -> None:
    told = fixture(name)
    whole = Stage(told).rows()
    first = at(told.listed[0]["json"], told.told["items"])[0]
    # What a record names may be asked for together with what the others name.
    others = [_shown(row) for row in whole if row.pms_id != whole[0].pms_id]

    for path in _paths(first):
        for kind, odd in ODD.items():
            pages = _read(with_first_page(told, partial(_spoilt, told=told, path=path, odd=odd)))
            rows = [row for page in pages for row in page.records]
            where = f"{'.'.join(map(str, path))} is {kind}"
            assert [_shown(row) for row in rows if _shown(row) in others] == others, where
            assert [one for one in (CANARY, *_of_patients(whole)) if one in _said(pages)] == [], (
                where
            )


def _read(told: Fixture) -> list[Page]:
    """Every page; what a spoilt record names elsewhere is not there."""
    recorded = playing(told.exchanges)

    def handler(request: httpx.Request) -> httpx.Response:
        try:
            return recorded(request)
        except AssertionError:
            return httpx.Response(404, json={})

    return list(Stage(told, handler).pages())


def _shown(row: Appointment) -> tuple[Any, ...]:
    return row.pms_id, row.patient_id, row.start, row.end, row.status


def _said(pages: Sequence[Page]) -> str:
    """Whatever people and measures are told besides the rows."""
    rejects = [(one.path, one.reason) for page in pages for one in page.rejects]
    return f"{rejects} {[dict(page.drift) for page in pages]}"


def _paths(one: Any, before: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    steps = (
        one.items() if isinstance(one, dict) else enumerate(one if isinstance(one, list) else ())
    )
    for step, inner in steps:
        yield (*before, step)
        yield from _paths(inner, (*before, step))


def _spoilt(body: Any, *, told: Fixture, path: Sequence[str | int], odd: Any) -> Any:
    holder = at(body, told.told["items"])[0]
    for step in path[:-1]:
        holder = holder[step]
    if odd is not ...:
        holder[path[-1]] = copy.deepcopy(odd)
    else:
        del holder[path[-1]]
    return body


def _objects(body: Any) -> Iterator[Any]:
    if isinstance(body, dict):
        yield body
    nested = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    for one in nested:
        yield from _objects(one)


def _of_patients(rows: Sequence[Appointment]) -> list[str]:
    """What is known of people, in words long enough to be nobody else's."""
    known = [row.patient for row in rows if row.patient is not None]
    told = [
        one
        for each in known
        for one in (each.full_name, each.last_name, each.phone, each.email, each.date_of_birth)
    ]
    notes = [row.notes for row in rows]
    return sorted({one for one in [*told, *notes] if one and len(one) >= SHORTEST})
