"""Another key takes over row by row, while people read and write, and the old one is let go."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from uuid import uuid4

import pytest
from sqlalchemy import LargeBinary

from adapters.storage.deliveries import idempotency, webhook_keys
from adapters.storage.deliveries.deliveries import Arrival, Item, keep
from adapters.storage.deliveries.idempotency import Answer, Ask
from adapters.storage.phone import opt_outs
from adapters.storage.tables import metadata
from adapters.storage.two_way import patient_links
from adapters.storage.upkeep.reindexing import reindexed
from adapters.storage.upkeep.resealing import Resealing, Step
from adapters.storage.upkeep.rotation import UNDONE, WEBHOOKS, left
from adapters.storage.upkeep.sampling import require_its_key
from adapters.storage.upkeep.sealed import INDEXED, PRINTED, SEALED, UNKEYED
from domain.appointments import Appointment
from domain.errors import BadInput
from domain.patient_links import Person
from infra.database import dispatch, transaction
from infra.sealing import Keyring, SealBroken, Sealer
from tests.storage.desk import VISIT, Desk, desk_of, rephoned
from tests.storage.rig import ACCOUNT, Rig
from tests.storage.test_undoing import run, undo

pytestmark = pytest.mark.integration

OLD, NEW = "0f" * 32, "1e" * 32
BEFORE = Sealer(Keyring.from_hex(OLD, old=[NEW]))
BOTH = Sealer(Keyring.from_hex(NEW, old=[OLD]))
AFTER = Sealer(Keyring.from_hex(NEW))
CALLER = "+61400000001"
ASK = Ask(account_id=ACCOUNT, route="POST /api/x", key="k", request_hash=b"h", prints=[b"h"])


@pytest.fixture
def desk(rig: Rig) -> Desk:
    return desk_of(rig.engine, BEFORE, rig.connect("site"))


def visits(count: int) -> list[Appointment]:
    return [replace(VISIT, pms_id=f"a-{number}") for number in range(count)]


def rotated(desk: Desk, *, batch: int = 3) -> list[Step]:
    steps = Resealing(desk.engine, BOTH, batch=batch).steps()
    return list(chain(steps, reindexed(desk.engine, BOTH)))


def in_use(desk: Desk) -> None:
    """Something under the old key in every table that seals or indexes what we can make again."""
    run(desk, VISIT)
    run(desk, rephoned(VISIT, "(03) 9000 0002"))
    desk.type_in(VISIT, patient_phone="(03) 9000 0003")
    desk.told(rephoned(VISIT, "(03) 9000 0004"))
    with transaction(desk.engine, account_id=desk.account) as db:
        person = Person(name="Ada Example", date_of_birth="1970-01-01")
        patient_links.of_person(db, desk.sealer, desk.connection, person)
        opt_outs.add(db, desk.sealer, CALLER, account_id=desk.account)
        idempotency.claim(db, ASK)
        idempotency.keep(db, desk.sealer, ASK, Answer(status=200, body={"name": "Ada"}))


def unclaimed(desk: Desk) -> None:
    came = Arrival(
        sender="sikka",
        event="authorised",
        account_id=None,
        connection_id=None,
        trace_id="t",
        body=b"{}",
    )
    with dispatch(desk.engine) as db:
        keep(db, desk.sealer, came, [Item(focus=None, by_body=True)])


@contextmanager
def going_on(*work: Callable[[], object]) -> Iterator[list[BaseException]]:
    """Each again and again, in a thread of its own, until the block ends."""
    over, troubles = threading.Event(), list[BaseException]()

    def worked(step: Callable[[], object]) -> None:
        while not over.is_set():
            try:
                step()
            except Exception as error:  # noqa: BLE001 - whatever it is, the test tells it
                troubles.append(error)

    threads = [threading.Thread(target=worked, args=(step,)) for step in work]
    for one in threads:
        one.start()
    try:
        yield troubles
    finally:
        over.set()
        for one in threads:
            one.join()


def test_every_column_of_bytes_is_sealed_indexed_or_without_a_key() -> None:
    known = {f"{one.name}.{column}" for one in SEALED for column in one.columns}
    known |= {f"{table}.{column}" for table, column in INDEXED.items()}
    known |= {f"run_sheet_appointments.{name}" for name in PRINTED} | UNKEYED
    found = {
        str(column)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }

    assert found == known


def test_a_rotation_leaves_nothing_under_the_old_key(desk: Desk) -> None:
    in_use(desk)
    unclaimed(desk)
    before = left(desk.engine, BOTH)

    done = rotated(desk)

    assert set(before.sealed) == {
        "run_sheet_appointments",
        "run_sheet_conflicts",
        "run_sheet_history",
        "patient_links",
        "text_opt_outs",
        "deliveries",
        "idempotency_keys",
    }
    assert set(before.indexed) == {"patient_links", "text_opt_outs"}
    assert {one.table for one in done} == set(before.sealed)
    assert left(desk.engine, BOTH).may_go


def test_what_was_sealed_is_read_and_found_under_the_new_key_alone(desk: Desk) -> None:
    in_use(desk)
    was = desk.row(VISIT)
    rotated(desk)

    desk.sealer = AFTER
    row = desk.row(VISIT)

    assert row["patient_phone"] == was["patient_phone"] == "(03) 9000 0003"
    assert row["version"] == was["version"]
    (conflict,) = desk.open_conflicts()
    both = desk.seal.open_document(
        row["id"], "both_values", conflict["both_values"], table="run_sheet_conflicts"
    )
    assert both["theirs"] == "(03) 9000 0004"
    with transaction(desk.engine, account_id=desk.account) as db:
        person = Person(name="Ada Example", date_of_birth="1970-01-01")
        assert patient_links.of_person(db, AFTER, desk.connection, person).person == person
        assert opt_outs.is_out(db, AFTER, CALLER, account_id=desk.account)
        kept = idempotency.kept(db, AFTER, ASK)
    assert kept is not None and kept.answer is not None
    assert kept.answer.body == {"name": "Ada"}
    assert len(desk.all("SELECT FROM patient_links")) == 1


def test_nobody_fails_to_read_or_write_while_the_key_changes(desk: Desk) -> None:
    kept = visits(40)
    run(desk, *kept)
    others = replace(desk, sealer=BOTH)
    reads = 0

    def read() -> None:
        nonlocal reads
        names = {others.row(one)["patient_name"] for one in kept}
        assert names == {"Ada Example"}
        reads += 1

    def write(by: Desk, visit: Appointment) -> None:
        by.type_in(visit, patient_phone=f"(03) 9000 {uuid4().int % 10_000:04}")

    with going_on(
        read,
        lambda: {desk.row(one)["patient_name"] for one in kept},
        lambda: write(desk, kept[0]),
        lambda: write(others, kept[1]),
    ) as troubles:
        passes = [rotated(desk, batch=5) for _ in range(3)]
    assert troubles == []
    assert reads > 0
    assert sum(step.rows for step in passes[0]) >= 38

    rotated(desk)
    assert left(desk.engine, BOTH).may_go


def test_a_rotation_that_was_broken_off_goes_on_where_it_was(desk: Desk) -> None:
    run(desk, *visits(10))
    steps = Resealing(desk.engine, BOTH, batch=4).steps()

    first = next(steps)
    steps.close()
    rest = list(Resealing(desk.engine, BOTH, batch=4).steps())

    assert first.rows == 4
    assert sum(one.rows for one in rest) == 6


def test_a_row_that_was_altered_stays_as_it_is_and_holds_up_no_other(desk: Desk) -> None:
    kept = visits(5)
    run(desk, *kept)
    spoil = """
        UPDATE run_sheet_appointments SET notes = set_byte(notes, 20, get_byte(notes, 20) # 1)
        WHERE id = :id RETURNING notes
    """
    altered = desk.one(spoil, id=desk.id_of(kept[2]))["notes"]
    pass_ = Resealing(desk.engine, BOTH, batch=2)

    done = list(pass_.steps())

    assert sum(one.rows for one in done) == 4
    assert pass_.broken == ["run_sheet_appointments"]
    assert left(desk.engine, BOTH).sealed == {"run_sheet_appointments": 1}
    query = "SELECT notes FROM run_sheet_appointments WHERE id = :id"
    assert desk.one(query, id=desk.id_of(kept[2]))["notes"] == altered


def test_a_webhook_key_follows_when_it_is_used(desk: Desk) -> None:
    with transaction(desk.engine, account_id=desk.account) as db:
        key = webhook_keys.make(db, BEFORE, desk.connection.id, at=datetime.now(UTC))
    rotated(desk)
    waiting = left(desk.engine, BOTH)

    with dispatch(desk.engine) as db:
        found = webhook_keys.holder(db, BOTH, key)

    assert waiting.others == {WEBHOOKS: 1}
    assert not waiting.may_go
    assert found is not None and found.connection_id == desk.connection.id
    assert left(desk.engine, BOTH).may_go


def test_what_a_person_took_back_keeps_its_key_until_it_is_read_again(desk: Desk) -> None:
    undo(desk, run(desk, VISIT))
    rotated(desk)
    over = left(desk.engine, BOTH)
    soon = datetime.now(UTC) + timedelta(days=1)
    desk.one(
        "UPDATE run_sheet_appointments SET appointment_time = :soon WHERE true RETURNING id",
        soon=soon,
    )
    waiting = left(desk.engine, BOTH)

    desk.sealer = BOTH
    desk.told(VISIT)

    assert (over.past, over.may_go) == (1, True)
    assert waiting.others == {UNDONE: 1}
    assert left(desk.engine, BOTH).may_go


def test_a_record_that_says_the_same_is_not_written_anew_for_another_key(desk: Desk) -> None:
    run(desk, VISIT)
    was = desk.row(VISIT)

    desk.sealer = BOTH
    found, applied = desk.told(VISIT)
    row = desk.row(VISIT)

    assert (found.unchanged, applied.updated) == (1, 0)
    assert row["version"] == was["version"]
    assert row["fingerprint"].startswith(BOTH.print_stamp)


def test_the_old_key_alone_reads_nothing_that_was_sealed_anew(desk: Desk) -> None:
    run(desk, VISIT)
    rotated(desk)

    desk.sealer = Sealer(Keyring.from_hex(OLD))

    with pytest.raises(SealBroken):
        desk.row(VISIT)


def test_rows_of_every_account_are_reached(rig: Rig) -> None:
    rig.run("INSERT INTO accounts (id, name) VALUES ('other', 'Other')")
    for account in (ACCOUNT, "other"):
        site = rig.connect("site", account_id=account)
        desk_of(rig.engine, BEFORE, site, account=account).told(VISIT)

    done = list(Resealing(rig.engine, BOTH).steps())

    assert {one.account_id for one in done} == {ACCOUNT, "other"}


def test_a_database_is_refused_where_every_row_is_another_keys_and_not_where_some_are(
    rig: Rig,
) -> None:
    """Rows of a wrong key that nobody has any more must not keep everybody from the others."""
    require_its_key(rig.engine, AFTER)
    rig.run("INSERT INTO accounts (id, name) VALUES ('other', 'Other')")
    for account, sealer in ((ACCOUNT, Sealer(Keyring.from_hex(OLD))), ("other", AFTER)):
        site = rig.connect("site", account_id=account)
        desk_of(rig.engine, sealer, site, account=account).told(VISIT)

    for known in (OLD, NEW):
        require_its_key(rig.engine, Sealer(Keyring.from_hex(known)))
    with pytest.raises(BadInput, match="sealed with another key"):
        require_its_key(rig.engine, Sealer(Keyring.from_hex("2d" * 32)))
