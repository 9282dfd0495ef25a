"""What is left out is gone from an answer before anything reads it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from adapters.chosen import settings
from adapters.pms import registered
from adapters.rest.minimised import bare, loss
from adapters.rest.record import Record
from domain.appointments import Appointment, Patient
from domain.connections import Connection
from domain.errors import BadInput
from domain.minimising import LABELS, LOSSES, Extra, chosen
from domain.sources import Query
from tests.adapters.rest.test_source import CONNECTION, LISTING, VENDOR, Rig, always, item, page


def parse(record: Record, connection: Connection) -> Iterator[Appointment]:
    room = record.record("room")
    start = record.instant("start", zone=connection.timezone)
    phone = room.maybe("phone") if room else None
    yield Appointment(
        pms_id=record.id(),
        start=start,
        end=start + timedelta(minutes=30),
        patient=Patient(pms_id="p-1", phone=phone),
    )


EVERY = Query(key="all")
READ = replace(VENDOR, appointments=replace(LISTING, parse=parse))
CONTACTS = [{"system": "phone", "value": "1"}, {"system": " phone"}, {"system": "email"}, "odd"]


@pytest.mark.parametrize(
    ("record", "spot", "expected"),
    [
        ({"dob": "1984", "id": 1}, "dob", {"dob": None, "id": 1}),
        ({"id": 1}, "dob", {"id": 1}),
        ({"who": {"dob": "1984", "id": 2}}, "who.dob", {"who": {"dob": None, "id": 2}}),
        ({"who": [{"dob": "1984"}, 7]}, "who.dob", {"who": [{"dob": None}, 7]}),
        ([{"dob": "1984"}], "dob", [{"dob": None}]),
        ({"c": CONTACTS}, "c[system=phone]", {"c": [{"system": "email"}, "odd"]}),
        ({"c": {"system": "phone"}}, "c[system=phone]", {"c": None}),
        ("text", "dob", "text"),
    ],
)
def test_a_record_is_emptied_at_its_spots_alone(record: Any, spot: str, expected: Any) -> None:
    before = repr(record)

    assert bare(record, [spot]) == expected
    assert repr(record) == before


def test_a_value_that_is_left_out_spoils_no_record() -> None:
    def parse_rig(left_out: str) -> Rig:
        narrowed = replace(CONNECTION, settings={"leave_out": left_out})
        return Rig(always(page(item(1, room={"phone": ["odd"]}))), connection=narrowed, vendor=READ)

    [told] = parse_rig("").source.pages(EVERY)
    [left] = parse_rig("phone").source.pages(EVERY)

    assert [one.path for one in told.rejects] == ["data[0].room.phone"]
    assert (len(left.records), left.rejects) == (1, ())


def test_nothing_is_copied_where_nothing_is_left_out() -> None:
    answered = httpx.Response(200, json={"data": [item(1)], "last": True})

    assert len(Rig(always(answered)).rows()) == 1
    record = {"dob": "1984"}
    assert bare(record, ()) is record


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" Email, phone,phone ", "phone,email"),
        ("", None),
        (" , ", None),
        (None, None),
    ],
)
def test_a_choice_is_kept_in_one_order_however_it_is_written(given: Any, kept: str | None) -> None:
    assert settings(registered()["gentu"], {"leave_out": given}) == {"leave_out": kept}


@pytest.mark.parametrize(
    ("vendor", "given"),
    [("gentu", "name"), ("gentu", True), ("gentu", "telehealth_links"), ("advancedmd", "notes")],
)
def test_what_a_pms_does_not_tell_cannot_be_left_out(vendor: str, given: Any) -> None:
    with pytest.raises(BadInput, match=r"cannot be left out of what .* what can is: phone, email"):
        settings(registered()[vendor], {"leave_out": given})


def test_a_word_of_a_later_version_leaves_nothing_out() -> None:
    assert chosen({"leave_out": "shoe_size,phone"}) == {Extra.PHONE}
    assert chosen({}) == frozenset()


def test_every_choice_has_a_name_and_says_what_is_lost() -> None:
    assert set(LABELS) == set(LOSSES) == set(Extra)
    assert loss(registered()["gentu"], Extra.NOTES) == LOSSES[Extra.NOTES]
    assert "nobody here is shown the notes" in loss(registered()["sikka"], Extra.NOTES)
