"""Whatever single value of a PMS's answers is odd, nothing is lost, gone or mixed up in silence."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from domain.appointments import Appointment
from domain.errors import BadRecord, BrokenContract, SyncError
from domain.sources import Reject
from tests.contract.kit import Fixture, Handler, Stage, answer, as_row, fixture, matches

VENDORS = ["advancedmd", "gentu", "halaxy", "medirecords", "sikka"]
MISSING = object()
Key = tuple[str, str]
Path = tuple[str | int, ...]
ANY_ID = re.compile(r"(?i)(id|_no|reference)$")

NO_VENDOR_MEANS = frozenset({"a list", "an object", "a huge text", "a huge number"})
"""Any other oddity may be what a vendor wants to say: a name of a number, nothing where something
was, another id."""

FRAME = frozenset({"link", "column", "columnlist", "resourceType", "pagination", "last"})
"""What says which records there are: an odd one may fail the listing, and must not pass for
another."""

MEANT: Mapping[str, Sequence[tuple[str, str]]] = {
    "advancedmd": [
        (r"(^|\.)patientid$", "null|missing"),  # a block is for nobody
        (r"appttype", ".*"),  # types that are not listed keep the names they had
        (r"profile", ".*"),  # so do columns
        (r"column\.\d\.@name", ".*"),  # the name of whom it is for, or the one it had
        (r"@success", ".*"),
        (r"^id$", "missing"),  # what is without one is no list of one
    ],
    "gentu": [
        (r"referenceType", "a wrong date"),  # somebody else takes part
        (r"pagination\.next", "null|missing"),  # the last page
    ],
    "halaxy": [
        (r"organization", "null|missing|a wrong date"),  # a role of no clinic, or of another
        (r"resourceType", "a huge text|a wrong date"),  # something else was found, too
        (r"relation", "a huge text|a wrong date"),  # leads elsewhere
        (r"cancellationReason", "an object"),
    ],
    "medirecords": [
        (r"patientId", "null|missing"),  # a block is for nobody
    ],
    "sikka": [
        (r"patient_id", "null|missing"),  # a block is for nobody
        (r"practice_id", "swapped|a wrong date"),  # another practice's
        (r"pagination", "null|missing|an object"),  # the last page
    ],
}
"""What an oddity means where it means something, by the spot and the kind."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one reading of everything came to."""

    rows: Mapping[Key, Mapping[str, Any]]
    rejects: Sequence[Reject]
    drift: Counter[str]
    is_partial: bool

    def tells_more_than(self, other: "Seen") -> bool:
        news = [one for one in self.rejects if one not in other.rejects]
        return bool(news) or self.drift != other.drift or self.is_partial


@dataclass(frozen=True, slots=True)
class Oddity:
    """One value of one answer that is another than it should be."""

    exchange: int
    path: Path
    kind: str
    value: Any

    @property
    def spot(self) -> str:
        return ".".join(map(str, self.path))


def recorded_or_nowhere(told: Fixture) -> Handler:
    """What is not recorded is not there."""

    def handler(request: httpx.Request) -> httpx.Response:
        one = next((one for one in told.exchanges if matches(one, request)), None)
        return httpx.Response(404, json={}) if one is None else answer(one)

    return handler


def seen(told: Fixture) -> Seen:
    pages = list(Stage(told, recorded_or_nowhere(told)).pages())
    return Seen(
        rows={(row.pms_id, row.patient_id): as_row(row) for page in pages for row in page.records},
        rejects=[one for page in pages for one in page.rejects],
        drift=sum((Counter(page.drift) for page in pages), Counter[str]()),
        is_partial=any(page.is_partial for page in pages),
    )


def at(body: Any, path: Path) -> Any:
    for step in path:
        body = body[step]
    return body


def put(body: Any, path: Path, value: Any) -> Any:
    body = deepcopy(body)
    holder = at(body, path[:-1])
    if value is MISSING:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return body


def spots(body: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    inside: Iterable[tuple[str | int, Any]] = ()
    if isinstance(body, dict | list):
        inside = body.items() if isinstance(body, dict) else enumerate(body)
    for step, value in inside:
        yield from spots(value, (*path, step))


def odd(value: Any) -> Iterator[tuple[str, Any]]:
    yield "null", None
    yield "missing", MISSING
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        yield "swapped", "yes"
    else:
        yield "swapped", 7 if isinstance(value, str) else str(value)
    yield "a list", [value]
    yield "an object", {}
    yield "a huge text", "x" * 30_000
    yield "a huge number", 10**25
    yield "a wrong date", "2026-02-31T25:61"


def oddities(told: Fixture, *, only: int | None = None) -> Iterator[Oddity]:
    """At each place of each kind of answer once, where it says something if it does anywhere."""
    chosen: dict[tuple[Any, ...], tuple[int, Path, Any]] = {}
    for index, exchange in enumerate(told.exchanges):
        is_read = "json" in exchange and exchange.get("status", 200) == httpx.codes.OK
        is_wanted = exchange.get("is") not in {"token", "one"} if only is None else index == only
        if not is_read or not is_wanted:
            continue
        kind = re.sub(r"[^/]*\d[^/]*$", "", exchange["path"]), exchange.get("contains")
        for path in spots(exchange["json"]):
            shape = (kind, *("" if isinstance(step, int) else step for step in path))
            value = at(exchange["json"], path)
            if shape not in chosen or chosen[shape][2] in (None, "", []):
                chosen[shape] = index, path, value
    for index, path, value in chosen.values():
        for kind_, other in odd(value):
            if other is MISSING or other != value:
                yield Oddity(index, path, kind_, other)


def with_it(told: Fixture, oddity: Oddity) -> Fixture:
    exchanges = list(told.exchanges)
    one = exchanges[oddity.exchange]
    exchanges[oddity.exchange] = {**one, "json": put(one["json"], oddity.path, oddity.value)}
    return replace(told, told={**told.told, "exchanges": exchanges})


def is_in_a_record(told: Fixture, oddity: Oddity) -> bool:
    """Or is one: what says how a list goes on is not."""
    body = told.exchanges[oddity.exchange]["json"]
    value = at(body, oddity.path)
    is_around_a_list = "items" in (value if isinstance(value, dict) else oddity.path[-1:])
    if set(oddity.path) & FRAME or is_around_a_list:
        return False
    is_one = isinstance(body, dict) and "id" in body
    return is_one or any(isinstance(step, int) for step in oddity.path)


def is_meant(told: Fixture, oddity: Oddity) -> bool:
    """Whether it is nothing odd to whoever reads it."""
    was = at(told.exchanges[oddity.exchange]["json"], oddity.path)
    is_another = isinstance(oddity.value, str | int) and ANY_ID.search(oddity.spot)
    is_unlisted = oddity.value is MISSING and isinstance(oddity.path[-1], int)
    is_empty = oddity.value == {} and isinstance(was, dict)
    return bool(is_another or is_unlisted or is_empty) or any(
        re.search(spot, oddity.spot) and re.fullmatch(kind, oddity.kind)
        for spot, kind in MEANT[told.vendor.name]
    )


def complaints(told: Fixture, before: Seen, oddity: Oddity) -> Iterator[str]:
    """What is not as it should be; an oddity that is meant is no worse than what it means."""
    is_silent_well = is_meant(told, oddity)
    try:
        now = seen(with_it(told, oddity))
    except SyncError as problem:
        is_all = isinstance(problem, BrokenContract) and "nothing readable" in str(problem)
        if is_in_a_record(told, oddity) and not is_all and not is_silent_well:
            yield f"fails everything: {problem}"
        return
    is_told = is_silent_well or now.tells_more_than(before)
    lost = before.rows.keys() - now.rows.keys()
    if lost and not is_told:
        yield f"loses {lost} in silence, and has {now.rows.keys() - before.rows.keys()}"
    for key in before.rows.keys() & now.rows.keys():
        yield from changes(before.rows[key], now.rows[key], oddity, is_told=is_told)


def changes(
    was: Mapping[str, Any], row: Mapping[str, Any], oddity: Oddity, *, is_told: bool
) -> Iterator[str]:
    """What must not be of a row that is still there."""
    told = {name: (was[name], row[name]) for name in was if was[name] != row[name]}
    if told and oddity.kind in NO_VENDOR_MEANS and not is_told and "flags" not in told:
        yield f"changes in silence: {told}"
    is_in_a_name = re.search(r"(?i)name|given|family|text", oddity.spot)
    # A vendor may say on the appointment whom it is for, and nothing else of them.
    is_on_its_own_word = row["patient"] is None or "patient_not_included" in row["flags"]
    if "patient" in told and not is_in_a_name and not is_on_its_own_word:
        yield f"calls somebody by another name: {told}"


@pytest.mark.parametrize("name", VENDORS)
def test_no_odd_value_costs_more_than_its_own_record_or_passes_in_silence(name: str) -> None:
    told = fixture(name)
    before = seen(told)

    found = [
        f"{told.exchanges[oddity.exchange]['path']} {oddity.spot} = {oddity.kind}: {complaint}"
        for oddity in oddities(told)
        for complaint in complaints(told, before, oddity)
    ]

    assert not found, "\n".join([f"{len(found)} in all", *found[:60]])


def answering(told: Fixture, index: int, body: Any) -> Fixture:
    """With this in place of one of the answers."""
    exchanges = list(told.exchanges)
    asked = {key: value for key, value in exchanges[index].items() if key != "json"}
    exchanges[index] = {**asked, "text": json.dumps(body)}
    return replace(told, told={**told.told, "exchanges": exchanges})


def by_id(told: Fixture) -> tuple[int, str]:
    """The recorded answer to a look by an id, and the id."""
    index = next(n for n, one in enumerate(told.exchanges) if one.get("is") == "one")
    exchange = told.exchanges[index]
    asked = exchange.get("query", {}).get("appointment_sr_no")
    return index, asked or exchange["path"].split("/")[-1]


def looked_up(told: Fixture, pms_id: str) -> Sequence[Appointment] | None:
    """As a sync does that has read all its pages."""
    stage = Stage(told, recorded_or_nowhere(told))
    source = stage.source()
    for query in stage.queries(source):
        list(source.pages(query))
    return source.probe(pms_id)


@pytest.mark.parametrize("name", VENDORS)
def test_no_odd_value_makes_an_appointment_look_gone_or_another(name: str) -> None:
    told = fixture(name)
    index, pms_id = by_id(told)
    exchange = told.exchanges[index]
    found = []

    for oddity in (one for one in oddities(told, only=index) if not is_meant(told, one)):
        try:
            rows = looked_up(with_it(told, oddity), pms_id)
        except (SyncError, BadRecord):
            continue
        if rows is None or {row.pms_id for row in rows} != {pms_id}:
            found.append(f"{exchange['path']} {oddity.spot} = {oddity.kind}: {rows}")

    assert not found, "\n".join(found)


@pytest.mark.parametrize("body", [{}, [], None, "text", 7, {"message": "not now"}, [[]], [{}, {}]])
@pytest.mark.parametrize("name", VENDORS)
def test_an_answer_that_is_no_appointment_does_not_say_that_it_is_gone(
    name: str, body: Any
) -> None:
    told = fixture(name)
    index, pms_id = by_id(told)
    with pytest.raises((SyncError, BadRecord)):
        looked_up(answering(told, index, body), pms_id)


FOLLOWED = {
    "halaxy": "/main/Patient/9002",
    "medirecords": "/v1/patients/5f0c1e2a-0000-4000-8000-0000000000c1",
}
"""Where somebody is asked for by their id."""

SOMEBODY_ELSE = {
    "id": "somebody-else",
    "resourceType": "Patient",
    "firstName": "Eve",
    "lastName": "Otherwise",
    "mobilePhone": "0491 570 110",
    "name": [{"use": "official", "family": "Otherwise", "given": ["Eve"]}],
    "telecom": [{"system": "sms", "value": "0491 570 110"}],
}


@pytest.mark.parametrize(
    "body",
    [
        SOMEBODY_ELSE,
        [SOMEBODY_ELSE],
        {**SOMEBODY_ELSE, "id": None},
        {},
        [],
        None,
        "text",
        {"status": 500, "message": "not now"},
        {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "x"}]},
    ],
)
@pytest.mark.parametrize("name", ["halaxy", "medirecords"])
def test_whoever_answers_in_a_patients_place_is_not_taken_for_them(name: str, body: Any) -> None:
    told = fixture(name)
    paths = [one["path"] for one in told.exchanges]
    asked_for = FOLLOWED[name].split("/")[-1]
    before = seen(told)

    now = seen(answering(told, paths.index(FOLLOWED[name]), body))

    assert now.rows.keys() == before.rows.keys()
    theirs = [key for key in now.rows if key[1] == asked_for]
    assert theirs
    for key in theirs:
        row = now.rows[key]
        assert (row["patient"], row["phone"], row["email"]) == (None, None, None)
        assert "patient_not_included" in row["flags"]
    assert {key[0] for key in theirs} <= {one.pms_id for one in now.rejects}
    assert all(now.rows[key] == before.rows[key] for key in now.rows if key[1] != asked_for)
