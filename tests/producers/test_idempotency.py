"""A request sent twice has its effect once, whoever is first and whatever goes wrong."""

import threading
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

import pytest
from fastapi import Response
from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.audit.audit import Access
from adapters.storage.sheet.sheet_events import tell
from domain.errors import BadInput
from domain.people import Person, Role
from infra.sealing import Keyring, Sealer
from producers.doors import Door
from producers.idempotency import Answer, Keyed
from producers.problems import Problem
from tests.producers.conftest import KEY, Site

pytestmark = pytest.mark.integration

ASKED = Keyed(key="one", route="POST /things", asked=b"/things\x00{}")
SAID = Answer(status=201, body={"success": True, "thing": "Robin Example"}, headers={"ETag": '"1"'})


def door(site: Site, *, account_id: str = "default") -> Door:
    person = Person(account_id=account_id, name="Sam Owner", role=Role.OWNER)
    return Door(site.ports, person, Access(user="Sam Owner"))


class Counted:
    """Leaves one event behind each time it is done."""

    def __init__(self, answer: Answer = SAID) -> None:
        self.times = 0
        self._answer = answer

    def __call__(self, db: Db) -> Answer:
        self.times += 1
        tell(db, account_id="default", kind="sheet_changed", connection_id=None, detail={})
        return self._answer


def events(site: Site) -> int:
    with site.everything() as db:
        kind = text("SELECT count(*) FROM run_sheet_events WHERE kind = 'sheet_changed'")
        return int(db.execute(kind).scalar_one())


def told(response: Response) -> tuple[int, bytes, str | None, str | None]:
    headers = response.headers
    body = bytes(response.body)
    return response.status_code, body, headers.get("etag"), headers.get("idempotent-replayed")


def test_the_second_request_is_answered_like_the_first_and_does_nothing(site: Site) -> None:
    do = Counted()

    first = told(ASKED.answer(door(site), do))
    second = told(ASKED.answer(door(site), do))

    assert first[:3] == second[:3]
    assert (first[3], second[3]) == (None, "true")
    assert (do.times, events(site)) == (1, 1)


def test_the_same_key_for_something_else_is_refused(site: Site) -> None:
    do = Counted()
    ASKED.answer(door(site), do)

    with pytest.raises(Problem, match="another request") as refused:
        replace(ASKED, asked=b"/things\x00{1}").answer(door(site), do)

    assert refused.value.status is HTTPStatus.UNPROCESSABLE_ENTITY
    assert do.times == 1


def test_the_same_request_is_known_again_after_the_encryption_key_was_changed(site: Site) -> None:
    do, before = Counted(), door(site)
    changed = Sealer(Keyring.from_hex("fedcba9876543210" * 4, old=[KEY]))
    first = told(ASKED.answer(before, do))

    second = told(ASKED.answer(replace(before, ports=replace(site.ports, sealer=changed)), do))

    assert second[:3] == first[:3]
    assert do.times == 1


def test_keys_of_other_routes_and_other_accounts_are_their_own(site: Site) -> None:
    do = Counted()
    with site.everything() as db:
        db.execute(text("INSERT INTO accounts (id, name) VALUES ('other', 'Other')"))

    ASKED.answer(door(site), do)
    replace(ASKED, route="POST /others").answer(door(site), do)
    with site.everything() as db:
        kept = db.execute(text("SELECT count(*) FROM idempotency_keys")).scalar_one()
    assert (do.times, kept) == (2, 2)

    assert ASKED.before(door(site, account_id="other")) is None
    assert ASKED.before(door(site)) is not None


def test_what_failed_may_be_asked_again_with_the_same_key(site: Site) -> None:
    def fail(db: Db) -> Answer:
        Counted()(db)
        raise BadInput("not like this")

    with pytest.raises(BadInput):
        ASKED.answer(door(site), fail)
    assert events(site) == 0

    assert ASKED.answer(door(site), Counted()).status_code == 201


def test_a_key_is_forgotten_after_a_day(site: Site) -> None:
    do = Counted()
    ASKED.answer(door(site), do)
    with site.everything() as db:
        long_ago = {"age": timedelta(hours=24, minutes=1)}
        db.execute(text("UPDATE idempotency_keys SET created_at = now() - :age"), long_ago)

    assert ASKED.before(door(site)) is None
    assert ASKED.answer(door(site), do).headers.get("idempotent-replayed") is None
    assert do.times == 2


def test_two_at_once_do_it_once(site: Site) -> None:
    both = threading.Barrier(2)
    statuses: list[int] = []
    do = Counted()

    def send() -> None:
        both.wait(timeout=5)
        statuses.append(ASKED.answer(door(site), do).status_code)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)

    assert statuses == [201, 201]
    assert (do.times, events(site)) == (1, 1)


def test_nothing_readable_of_the_answer_or_the_request_is_stored(site: Site) -> None:
    replace(ASKED, asked=b'/things\x00{"client_secret": "canary"}').answer(door(site), Counted())

    with site.everything() as db:
        row = db.execute(text("SELECT idempotency_keys::text FROM idempotency_keys")).scalar_one()
        raw = db.execute(text("SELECT request_hash, answer FROM idempotency_keys")).one()

    assert "Robin" not in row
    assert b"Robin" not in bytes(raw.answer)
    assert b"canary" not in bytes(raw.request_hash) + bytes(raw.answer)
