"""A recording holds what a PMS answered: sealed, and nothing that lets anybody in there."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from adapters import pms
from adapters.advancedmd.wire import read_json
from adapters.rest.auth import Ask
from adapters.rest.questions import question
from adapters.storage.runs import recordings
from adapters.taping import UNREADABLE, Recorder
from domain.errors import FenceLost, Transient
from infra.database import transaction
from infra.http import Answer
from simulators.setup import Setup
from tests.security.left_behind import Everything, database_as_text, redis_as_text
from tests.security.test_canaries import (
    FIRST,
    NOTE,
    PHONE,
    canaries,
    every_log_line,
    plant,
    use_the_real_stores,
)
from tests.sync import amd
from tests.sync.practice import ACCOUNT, DAY, Practice, practice
from tests.sync.replays import opened, replayed

AT = datetime(2031, 6, 3, 9, tzinfo=UTC)
TOKEN = "tok-4f1d8f0a77"  # noqa: S105 - invented
SECRET = "an-invented-client-secret"  # noqa: S105 - invented


def kept_of(clinic: Practice, run: Mapping[str, Any]) -> str:
    """All of a recording, opened, as text."""
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        parts = recordings.parts(db, clinic.parts.sealer, run["id"], account_id=ACCOUNT)
        return "\n".join(f"{json.dumps(part)}\n{body.decode()}" for part, body in parts)


@pytest.mark.integration
def test_a_recording_is_readable_nowhere_and_holds_no_credential_at_all(
    database_url: str, redis_client: redis.Redis, tmp_path: Path
) -> None:
    setup = Setup(seed=7, practitioners=3, appointments=24, days=(DAY,), limits=())
    with practice(database_url, redis_client, setup=setup) as clinic, every_log_line() as logs:
        use_the_real_stores(clinic, redis_client, tmp_path)
        plant(clinic)
        clinic.control("expire-tokens", {})
        run = clinic.sync(record=True)
        found = replayed(clinic.engine, clinic.parts.sealer, run["id"])
        kept = kept_of(clinic, run)
        left = Everything(
            logs=logs.getvalue(),
            redis=redis_as_text(redis_client),
            database=database_as_text(clinic.engine),
        )
        wanted = canaries(clinic)

    assert left.holding_any(wanted) == {}
    assert found.compared.is_same and len(found.now.rows) >= 24
    # What it is there for is in it, once it is opened; what lets anybody in is not.
    for told in (FIRST, PHONE, NOTE):
        assert told in kept
    for name in ("client secret", "basic header", "token", "key"):
        assert wanted[name] not in kept
    assert "authorization" not in kept.lower()
    assert not any("oauth2" in one for one in found.then.requests)


@pytest.mark.integration
def test_no_log_in_and_no_session_of_advancedmd_is_recorded(
    database_url: str, redis_client: redis.Redis
) -> None:
    with amd.office(database_url, redis_client) as office:
        run = office.sync(record=True)
        heard = opened(office.engine, office.parts.sealer, run["id"]).heard
        (secrets,) = office.secrets.kept.values()
        with transaction(office.engine, account_id=ACCOUNT) as db:
            parts = recordings.parts(db, office.parts.sealer, run["id"], account_id=ACCOUNT)
            kept = "\n".join(f"{json.dumps(part)}\n{body.decode()}" for part, body in parts)

    assert heard
    assert secrets["password"] not in kept
    assert '"login"' not in kept and "usercontext" not in kept
    assert "token=" not in kept


class Kept(list[tuple[Mapping[str, Any], bytes]]):
    def __call__(self, part: Mapping[str, Any], body: bytes = b"") -> None:
        self.append((part, body))


def taped(vendor: str, ask: Ask, answer: Answer) -> tuple[Mapping[str, Any], bytes]:
    kept = Kept()
    asked = question(ask, pms.vendor(vendor), {"client_secret": SECRET, "user": "ann"})
    Recorder(kept, lambda: AT, vendor).answered(asked, lambda: answer)
    (part,) = kept
    return part


def ask(url: str = "https://pms.example/v1/x?b=2&a=1") -> Ask:
    return Ask(url=url, name="/x", headers={"Authorization": f"Bearer {TOKEN}"})


def answer(body: bytes, **headers: str) -> Answer:
    return Answer(status=200, headers=headers, body=body)


def test_a_token_that_an_answer_repeats_is_struck_out_where_it_stands() -> None:
    told = answer(f'{{"token": "{TOKEN}", "and": "{SECRET}", "name": "ann"}}'.encode())

    _, body = taped("gentu", ask(), told)

    assert json.loads(body) == {"token": "*" * 14, "and": "*" * 25, "name": "ann"}
    assert len(body) == len(told.body)


def test_a_secret_in_an_address_is_not_kept() -> None:
    part, _ = taped("gentu", ask(f"https://pms.example/v1/{SECRET}/x"), answer(b"{}"))

    assert part["path"] == "/v1/[secret]/x"


def test_only_headers_that_are_read_are_kept() -> None:
    told = answer(b"{}", date="Tue, 03 Jun 2031 09:00:00 GMT", **{"set-cookie": "session=1"})

    part, _ = taped("gentu", ask(), told)

    assert part["headers"] == {"date": "Tue, 03 Jun 2031 09:00:00 GMT"}


def test_a_line_that_broke_is_kept_in_our_own_words() -> None:
    kept = Kept()

    def broken() -> Answer:
        raise Transient("GET pms.example: took too long")

    with pytest.raises(Transient):
        Recorder(kept, lambda: AT, "gentu").answered(
            question(ask(), pms.vendor("gentu"), {}), broken
        )

    ((part, body),) = kept
    assert (part["error"], part["text"]) == ("Transient", "GET pms.example: took too long")
    assert body == b""


@pytest.mark.parametrize(
    ("vendor", "sent", "kept"),
    [
        (
            "advancedmd",
            b'{"id": 1, "comments": "x", "in": [{"@patientnote": "y"}]}',
            b'{"id": 1, "comments": null, "in": [{"@patientnote": null}]}',
        ),
        (
            "advancedmd",
            b'<visit id="1" comments="x"><note a="2">y</note><memo/></visit>',
            b'<visit id="1" comments=""><note a="2"></note><memo/></visit>',
        ),
        (
            "advancedmd",
            b"<?xml version='1.0'?><v><note><b>y<br/></b><note>x</note>z</note><b>c</b></v>",
            b"<?xml version='1.0'?><v><note><b><br/></b><note></note></note><b>c</b></v>",
        ),
        (
            "sikka",
            b'{"items": [{"note": "x", "description": "y", "type": "z"}]}',
            b'{"items": [{"note": null, "description": null, "type": "z"}]}',
        ),
    ],
)
def test_notes_of_vendors_whose_notes_stay_there_are_not_kept(
    vendor: str, sent: bytes, kept: bytes
) -> None:
    _, body = taped(vendor, ask(), answer(sent))

    assert body == kept


def test_what_is_no_utf8_is_kept_without_its_notes_as_it_came() -> None:
    sent = '{"name": "José \\u0141 \\ud83d\\ude00", "comments": "señor"}'.encode("iso-8859-1")

    _, body = taped("advancedmd", ask(), answer(sent))

    assert b"Jos\xe9" in body
    read = read_json(body, named="it")
    assert read == {"name": "José Ł \U0001f600", "comments": None}


def test_notes_of_other_vendors_are_kept_as_they_are() -> None:
    _, body = taped("gentu", ask(), answer(b'{"notes": "x"}'))

    assert body == b'{"notes": "x"}'


@pytest.mark.parametrize(
    "sent",
    [
        b'{"comments": "x',
        b"[" * 100_000,
        b"<visit><note>x",
        b"<visit><![CDATA[a < b]]></visit>",
        b'<visit comments="x',
    ],
)
def test_what_cannot_be_searched_for_notes_is_not_kept_but_stays_unreadable(sent: bytes) -> None:
    _, body = taped("advancedmd", ask(), answer(sent))

    assert body == UNREADABLE


@pytest.mark.parametrize(
    "sent",
    [b"<" + b"a" * 400_000, b"<note>" * 100_000, b"<a " + b'b="' * 100_000, b"<" * 400_000],
)
def test_an_answer_made_to_be_searched_for_ever_is_not(sent: bytes) -> None:
    _, body = taped("advancedmd", ask(), answer(sent))

    assert body == UNREADABLE


def test_a_value_may_hold_what_ends_a_tag_elsewhere() -> None:
    _, body = taped("advancedmd", ask(), answer(b"<v n='1' comments='a > b'>c</v>"))

    assert body == b"<v n='1' comments=\"\">c</v>"


def test_that_a_job_was_taken_over_is_no_answer() -> None:
    kept = Kept()

    def taken_over() -> Answer:
        raise FenceLost("job 1 was taken over")

    with pytest.raises(FenceLost):
        Recorder(kept, lambda: AT, "gentu").answered(
            question(ask(), pms.vendor("gentu"), {}), taken_over
        )

    assert kept == []


def test_the_words_of_a_basic_log_in_are_hidden_too() -> None:
    basic = base64.b64encode(f"id:{SECRET}".encode()).decode()
    asked = Ask(url="https://pms.example/x", name="/x", headers={"Authorization": f"Basic {basic}"})

    _, body = taped("gentu", asked, answer(basic.encode()))

    assert body == b"*" * len(basic)


def test_what_signs_a_request_is_hidden_where_xml_writes_it_in_its_own_way() -> None:
    asked = Ask(url="https://pms.example/x", name="/x", headers={"X-Token": "abc&defghijkl"})

    _, body = taped("gentu", asked, answer(b'<told token="abc&amp;defghijkl"/>'))

    assert body == b'<told token="*****************"/>'
