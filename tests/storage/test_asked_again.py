"""The ledger knows a wish that is asked for again, also where both come at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from adapters.storage.phone import asked_again
from adapters.storage.phone.writes import WriteLedger
from domain.wishes import Cancellation, NewPatient, Wish, Write
from domain.writes import SHOWN_AFTER, KeptWrite, NewWrite, WriteState
from infra.database import transaction
from infra.sealing import Keyring, Sealer
from tests.storage.rig import ACCOUNT, Rig

pytestmark = pytest.mark.integration

SEALER = Sealer(Keyring.from_hex("9f" * 32))
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FAY = NewPatient(first_name="Fay", last_name="van Dyk", date_of_birth=date(1999, 9, 9))
WAITING = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
OFF = Cancellation(appointment_id="77", patient_id="5", reason="ill")


@pytest.fixture
def connection(rig: Rig) -> UUID:
    return rig.connect("D90001")


def ledger(rig: Rig, now: datetime = NOW) -> WriteLedger:
    return WriteLedger(rig.engine, SEALER, account_id=ACCOUNT, clock=lambda: now)


def new(connection: UUID, wish: Wish, call: str, *, once: bool = True) -> NewWrite:
    return NewWrite(
        connection_id=connection,
        write=Write(wish=wish),
        key=uuid4().hex,
        call_id=call,
        asked_by="call",
        trace_id="t",
        once=once,
    )


def done(book: WriteLedger, kept: KeptWrite) -> KeptWrite:
    sent = book.submitting(kept)
    assert sent is not None
    return book.settle(sent, WriteState.CONFIRMED, pms_id="9")


def waiting(rig: Rig) -> int:
    """How many wait for their turn."""
    with transaction(rig.engine) as db:
        return int(db.execute(WAITING).scalar_one())


def test_of_equal_wishes_at_once_one_is_kept(rig: Rig, connection: UUID) -> None:
    book = ledger(rig)
    asked = [new(connection, FAY, "c1") for _ in range(8)]

    with ThreadPoolExecutor(8) as threads:
        with transaction(rig.engine, account_id=ACCOUNT) as db:
            asked_again.in_turn(db, asked[0])
            coming = [threads.submit(book.begin, one) for one in asked]
            while waiting(rig) < len(asked):
                assert not any(one.done() for one in coming)
        kept = [one.result() for one in coming]

    assert len({one.id for one in kept}) == 1
    assert sum(one.is_new for one in kept) == 1


@pytest.mark.parametrize("wish", [OFF, FAY], ids=["cancellation", "registration"])
def test_what_another_call_did_is_known_until_the_practices_system_shows_it(
    rig: Rig, connection: UUID, wish: Wish
) -> None:
    book = ledger(rig)
    first = book.begin(new(connection, wish, "c1"))
    while_open = book.begin(new(connection, wish, "c2"))
    done(book, first)
    soon = book.begin(new(connection, wish, "c3"))
    later = ledger(rig, NOW + SHOWN_AFTER + timedelta(seconds=1)).begin(new(connection, wish, "c4"))

    assert {while_open.id, soon.id} == {first.id}
    assert later.id != first.id


def test_what_came_to_nothing_is_new_when_it_is_asked_for_again(rig: Rig, connection: UUID) -> None:
    book = ledger(rig)
    first = book.begin(new(connection, FAY, "c1"))
    assert book.withdraw(first)

    assert book.begin(new(connection, FAY, "c1")).id != first.id


def test_only_callers_say_the_same_twice(rig: Rig, connection: UUID) -> None:
    book = ledger(rig)
    first = book.begin(new(connection, FAY, "c1", once=False))

    assert book.begin(new(connection, FAY, "c1", once=False)).id != first.id
