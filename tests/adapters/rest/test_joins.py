"""What the records of a page name in another listing, however each of the two writes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from adapters.rest.envelope import Envelope
from adapters.rest.joins import Join
from adapters.rest.record import Record, last_segment
from domain.appointments import Appointment, Patient
from domain.connections import Connection
from tests.adapters.rest.test_source import CONNECTION, LISTING, VENDOR, Rig, item, page, parse

NAMES = {"p-1": "Ann", "p-2": "Bob"}


def together(ids: Sequence[str], connection: Connection) -> dict[str, str]:
    return {"ids": ",".join(ids)}


def alone(pms_id: str, connection: Connection) -> dict[str, str]:
    return {"ids": pms_id}


JOIN = Join(
    side="patients",
    key="patient.links.self",
    is_link=True,
    there="id",
    path="/v1/patients",
    wrapping=Envelope(items="patients"),
    many=together,
    one=alone,
)


def read(record: Record, connection: Connection) -> Iterator[Appointment]:
    who = record.lookup("patients", last_segment(record.maybe("patient.links.self")))
    for row in parse(record, connection):
        found = Patient(pms_id=who.id(), full_name=who.maybe("name")) if who else None
        yield replace(row, patient=found)


def visit(number: int, link: Any) -> dict[str, Any]:
    return item(number, patient={"links": {"self": link}})


def names(*links: Any, overlooks: bool = False) -> tuple[list[str | None], list[str]]:
    """Whom the rows name, and what was asked for of patients."""

    def answer(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/patients"):
            return page(*(visit(number, link) for number, link in enumerate(links)))
        wanted = request.url.params["ids"].split(",")
        found = [one for one in NAMES if one in wanted or (overlooks and len(wanted) > 1)]
        told = [{"id": one, "name": NAMES[one]} for one in found]
        return httpx.Response(200, json={"patients": told})

    listing = replace(LISTING, parse=read, joins=JOIN)
    rig = Rig(answer, vendor=replace(VENDOR, appointments=listing))
    rows = rig.rows()
    asked = [one.url.params["ids"] for one in rig.sender.requests if "ids" in one.url.params]
    return [row.patient.full_name if row.patient else None for row in rows], asked


def test_who_is_named_by_a_link_is_found_by_the_id_at_its_end() -> None:
    links = [f"https://pms.example/v1/patients/{one}" for one in ("p-1", "p-2", "p-1")]

    assert names(*links) == (["Ann", "Bob", "Ann"], ["p-1,p-2"])


@pytest.mark.parametrize("odd", [None, 7.5, [], "", "https://pms.example/v1/patients/gone"])
def test_a_link_that_leads_nowhere_costs_its_own_record_alone(odd: Any) -> None:
    found, asked = names("https://pms.example/v1/patients/p-1", odd)

    assert found[0] == "Ann"
    assert len(asked) == 1


def test_an_answer_with_nobody_is_not_believed_of_each() -> None:
    assert names("away", "gone") == ([None, None], ["away,gone", "away", "gone"])


def test_strangers_in_the_answer_are_told_by_the_key_they_have_there() -> None:
    """A vendor that overlooks the filter answers with everybody: each is asked for alone."""
    links = [f"https://pms.example/v1/patients/{one}" for one in ("p-1", "gone")]

    found, asked = names(*links, overlooks=True)

    assert found == ["Ann", None]
    assert asked == ["p-1,gone", "gone"]


def test_of_people_told_at_great_length_no_more_are_held_than_there_is_room_for() -> None:
    """Whoever there was no room for is told by the appointment alone."""
    everybody = [f"p-{number}" for number in range(40)]
    book = [visit(number, one) for number, one in enumerate(everybody)]
    letter = "x" * 1_000_000

    def fetch(params: Mapping[str, str]) -> Sequence[Any]:
        return [{"id": one, "letter": letter + one} for one in params["ids"].split(",")]

    found = JOIN.side_list(book, CONNECTION, fetch=fetch, remembered={})

    assert 30 <= len(found) < 40
    assert everybody[-1] in found
