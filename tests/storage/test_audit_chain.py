"""Audit chains: whatever a superuser does to rows, links or the anchor is found and named."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.anchors.file import FileAnchor
from adapters.storage.audit import audit_verify
from adapters.storage.audit.audit import Access, record
from adapters.storage.audit.audit_chain import Chaining, waiting_accounts
from adapters.storage.audit.audit_shelf import shelf
from adapters.storage.audit.audit_verify import Known, Verdict, Verifying
from adapters.storage.audit.audit_wrong import MOST_OF_A_KIND
from adapters.storage.people.accounts import Account, add
from adapters.storage.tables import pms_audit_logs
from domain.audit_chain import COLUMNS, SHAPE, Finding, Head, Trouble
from domain.errors import Transient
from infra.audit_keys import keys_from
from infra.database import APP_ROLE, BadStatement, dispatch, engine, transaction

pytestmark = pytest.mark.integration

KEY, OTHER_KEY = "a1" * 32, "b2" * 32
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
TRIALS = 200 if "SOAK" in os.environ else 60
MUTATIONS = (
    "user_id = 'cli:nobody'",
    "created_at = created_at - interval '1 second'",
    "patient_id = NULL",
    "phi_accessed = NOT phi_accessed",
    "phi_fields = '{}'",
    "action = 'run_sheet.glanced'",
    "success = NOT success",
    "ip_address = '203.0.113.9'",
    "response_time = COALESCE(response_time, 0) + 1",
    "pms_integration_id = gen_random_uuid()",
    "endpoint = NULL",
    "request_summary = 'nothing'",
)


@dataclass
class Book:
    """One database with chains, and a superuser at it."""

    chaining: Chaining
    verifying: Verifying
    anchor_file: Path

    def account(self) -> str:
        with dispatch(self.chaining.engine) as db:
            return add(db, Account(id=f"a{uuid4().hex[:12]}", name="An invented practice"))

    def write(self, account_id: str, rows: int) -> None:
        with transaction(self.chaining.engine, account_id=account_id) as db:
            for number in range(rows):
                access = Access(
                    user=f"Sam {number}",
                    endpoint="/api/run-sheet",
                    method="GET",
                    ip_address="192.0.2.7",
                    trace_id=uuid4().hex,
                )
                record(
                    db,
                    access,
                    account_id=account_id,
                    action="run_sheet.read",
                    phi_fields=("patient_name",),
                    patient_id=f"p{number}",
                    summary=f"row {number}",
                )

    def chained(self, rows: int) -> str:
        account_id = self.account()
        self.write(account_id, rows)
        self.chaining.chain(account_id)
        return account_id

    def tamper(self, statement: str, **values: object) -> int:
        """As whoever rules the database: no trigger, grant or policy is in the way."""
        with transaction(self.chaining.engine) as db:
            db.execute(text("SET LOCAL session_replication_role = replica"))
            return db.execute(text(statement), values).rowcount

    def verdict(self, account_id: str) -> Verdict:
        verdicts, _ = self.verifying.verify(account_id)
        return verdicts[0]

    def troubles(self, account_id: str) -> set[Trouble]:
        return {one.trouble for one in self.verdict(account_id).findings}


@pytest.fixture(scope="module")
def book(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    made = engine(module_database_url, application_name="tests")
    path = tmp_path_factory.mktemp("anchor") / "heads.jsonl"
    keys = keys_from([KEY])
    anchor = FileAnchor(path, keys)
    chaining = Chaining(engine=made, keys=keys, anchor=anchor, clock=lambda: NOW)
    yield Book(chaining, Verifying(engine=made, keys=keys, anchor=anchor), path)
    made.dispose()


def test_an_untouched_chain_verifies_and_every_row_is_in_it(book: Book) -> None:
    account_id = book.chained(7)

    verdict = book.verdict(account_id)

    assert verdict.findings == []
    assert (verdict.links, verdict.unchained, verdict.anchored) == (7, 0, 7)


def test_how_far_a_long_chain_is_judged_is_told_meanwhile(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id, told = book.chained(7), list[tuple[str, int, int]]()
    monkeypatch.setattr(audit_verify, "TOLD_EVERY", 3)

    replace(book.verifying, tell=lambda *heard: told.append(heard)).verify(account_id)

    assert told == [(account_id, 3, 7), (account_id, 6, 7)]


def test_all_accounts_are_judged_and_each_by_its_own_heads(book: Book) -> None:
    one, other = book.chained(3), book.chained(5)

    verdicts, broken = book.verifying.verify()

    anchored = {verdict.account_id: verdict.anchored for verdict in verdicts}
    assert (anchored[one], anchored[other], broken) == (3, 5, ())


def test_heads_are_shelved_on_the_disk_and_known_by_account_and_place() -> None:
    with shelf() as kept:
        for account_id, seq, digest in (("one", 3, b"a"), ("one", 3, b"b"), ("two", 9, b"c")):
            kept.keep(Head(account_id=account_id, seq=seq, hash=digest))

        assert kept.accounts() == {"one", "two"}
        assert kept.of("one").at(3) == {b"a", b"b"}
        assert not kept.of("one").at(4)
        assert (kept.of("one").last, kept.of("two").last, kept.of("none").last) == (3, 9, 0)


def test_a_link_covers_every_column_there_is() -> None:
    assert set(COLUMNS[SHAPE]) == {column.name for column in pms_audit_logs.columns}


def updated(book: Book, account_id: str, dice: Random) -> None:
    change = dice.choice(MUTATIONS)
    where = {"id": account_id, "at": dice.randrange(_rows(book, account_id))}
    assert book.tamper(
        f"UPDATE pms_audit_logs SET {change} WHERE id = "  # noqa: S608 - the test's own words
        "(SELECT id FROM pms_audit_logs WHERE account_id = :id ORDER BY id OFFSET :at LIMIT 1)",
        **where,
    )


def deleted(book: Book, account_id: str, dice: Random) -> None:
    """A row alone, or with its link, or with its link and the places after it moved up."""
    at, how = dice.randrange(_rows(book, account_id) - 1) + 1, dice.randrange(3)
    values: dict[str, object] = {"id": account_id, "at": at}
    book.tamper(
        "DELETE FROM pms_audit_logs WHERE id = "
        "(SELECT audit_id FROM audit_chain WHERE account_id = :id AND seq = :at)",
        **values,
    )
    if how:
        book.tamper("DELETE FROM audit_chain WHERE account_id = :id AND seq = :at", **values)
    if how == 2:
        for seq in range(at + 1, _rows(book, account_id) + 2):
            book.tamper(
                "UPDATE audit_chain SET seq = seq - 1 WHERE account_id = :id AND seq = :at",
                id=account_id,
                at=seq,
            )
        book.tamper("UPDATE audit_heads SET seq = seq - 1 WHERE account_id = :id", id=account_id)


def reordered(book: Book, account_id: str, dice: Random) -> None:
    """Two rows change places, by their numbers or by their links."""
    first, second = sorted(dice.sample(range(1, _rows(book, account_id) + 1), 2))
    swap = (
        "UPDATE audit_chain AS link SET audit_id = CASE link.seq WHEN :a THEN -:b ELSE -:a END "
        "WHERE account_id = :id AND seq IN (:a, :b)"
    )
    values: dict[str, object] = {"id": account_id, "a": first, "b": second}
    with transaction(book.chaining.engine) as db:
        db.execute(text("SET LOCAL session_replication_role = replica"))
        links = db.execute(
            text("SELECT seq, audit_id FROM audit_chain WHERE account_id = :id"), values
        )
        ids = {row.seq: row.audit_id for row in links}
        db.execute(text(swap), values)
        for seq, audit_id in ((first, ids[second]), (second, ids[first])):
            db.execute(
                text("UPDATE audit_chain SET audit_id = :one WHERE account_id = :id AND seq = :at"),
                {"one": audit_id, "id": account_id, "at": seq},
            )


def truncated(book: Book, account_id: str, dice: Random) -> None:
    """The rows, the links, or all there is of the account."""
    tables = ("pms_audit_logs", "audit_chain", "audit_heads")
    chosen = dice.choice((tables[:1], tables[1:2], tables[:2], tables))
    for table in chosen:
        book.tamper(f"DELETE FROM {table} WHERE account_id = :id", id=account_id)  # noqa: S608


def tail_cut(book: Book, account_id: str, dice: Random) -> None:
    """The last rows with their links, and the head's own row made to agree."""
    left = dice.randrange(_rows(book, account_id))
    values: dict[str, object] = {"id": account_id, "left": left}
    book.tamper(
        "DELETE FROM pms_audit_logs WHERE id IN "
        "(SELECT audit_id FROM audit_chain WHERE account_id = :id AND seq > :left)",
        **values,
    )
    book.tamper("DELETE FROM audit_chain WHERE account_id = :id AND seq > :left", **values)
    book.tamper(
        "UPDATE audit_heads SET seq = :left, anchored_seq = :left, hash = COALESCE((SELECT hash "
        "FROM audit_chain WHERE account_id = :id AND seq = :left), hash) WHERE account_id = :id",
        **values,
    )


def rebuilt(book: Book, account_id: str, dice: Random) -> None:
    """The whole chain made anew over altered rows, under a key of the superuser's own."""
    updated(book, account_id, dice)
    for table in ("audit_chain", "audit_heads"):
        book.tamper(f"DELETE FROM {table} WHERE account_id = :id", id=account_id)  # noqa: S608
    foreign = keys_from([OTHER_KEY])
    forger = Chaining(
        engine=book.chaining.engine, keys=foreign, anchor=_Nowhere(), clock=lambda: NOW
    )
    forger.chain(account_id)
    book.tamper(
        "UPDATE audit_chain SET key_id = :key WHERE account_id = :id",
        key=book.chaining.keys.current.id,
        id=account_id,
    )


class _Nowhere:
    """An anchor that nobody keeps."""

    def keep(self, head: Head, *, at: datetime) -> None:
        return

    def heads(self) -> list[Head]:
        return []


def _rows(book: Book, account_id: str) -> int:
    with transaction(book.chaining.engine) as db:
        found: int = db.execute(
            text("SELECT count(*) FROM pms_audit_logs WHERE account_id = :id"), {"id": account_id}
        ).scalar_one()
    return found


ATTACKS: tuple[Callable[[Book, str, Random], None], ...] = (
    updated,
    deleted,
    reordered,
    truncated,
    tail_cut,
    rebuilt,
)


def test_random_attacks_of_a_superuser_are_all_found(book: Book) -> None:
    dice = Random(20_261_123)  # noqa: S311 - the same trials every time
    unseen = []

    for trial in range(TRIALS):
        attack = ATTACKS[trial % len(ATTACKS)]
        account_id = book.chained(dice.randint(3, 9))
        attack(book, account_id, dice)
        if not book.verdict(account_id).findings:
            unseen.append((trial, attack.__name__))

    assert unseen == []


def test_the_first_broken_row_is_named(book: Book) -> None:
    account_id = book.chained(5)
    book.tamper(
        "UPDATE pms_audit_logs SET user_id = 'x' WHERE id IN "
        "(SELECT audit_id FROM audit_chain WHERE account_id = :id AND seq IN (2, 4))",
        id=account_id,
    )

    first, second = book.verdict(account_id).findings

    assert (first.trouble, first.seq) == (Trouble.ALTERED, 2)
    assert f"row {first.audit_id} is not the row that was chained (place 2)" == first.sentence
    assert second.seq == 4


def test_a_cut_tail_is_known_by_the_anchor_alone(book: Book) -> None:
    account_id = book.chained(6)
    tail_cut(book, account_id, Random(3))  # noqa: S311

    assert Trouble.TAIL in book.troubles(account_id)

    book.tamper("UPDATE audit_heads SET anchored_seq = 0 WHERE account_id = :id", id=account_id)
    blind = Verifying(
        engine=book.chaining.engine,
        keys=book.chaining.keys,
        anchor=_Nowhere(),
    )
    assert blind.verify(account_id)[0][0].findings == []


def test_the_head_of_another_place_in_the_anchor_is_found(book: Book) -> None:
    account_id = book.chained(4)
    other = book.chained(4)
    book.tamper("DELETE FROM audit_chain WHERE account_id IN (:a, :b)", a=account_id, b=other)
    book.tamper("DELETE FROM audit_heads WHERE account_id IN (:a, :b)", a=account_id, b=other)
    book.tamper(
        "UPDATE pms_audit_logs SET user_id = 'x' WHERE account_id IN (:a, :b)",
        a=account_id,
        b=other,
    )
    # Whoever has the key, but not the anchor, makes a chain that is sound in itself.
    Chaining(
        engine=book.chaining.engine,
        keys=book.chaining.keys,
        anchor=_Nowhere(),
        clock=lambda: NOW,
    ).chain(account_id)

    assert book.troubles(account_id) == {Trouble.ANCHOR}
    assert Trouble.TAIL in book.troubles(other)


def test_rows_are_chained_once_though_two_workers_do_it(book: Book) -> None:
    account_id = book.account()
    book.write(account_id, 3)

    assert [book.chaining.chain(account_id), book.chaining.chain(account_id)] == [3, 0]
    assert book.verdict(account_id).links == 3


def test_a_row_that_appears_late_is_chained_after_those_that_overtook_it(book: Book) -> None:
    account_id = book.account()
    database = book.chaining.engine
    with transaction(database, account_id=account_id) as slow:
        record(slow, Access(user="slow"), account_id=account_id, action="run_sheet.read")
        book.write(account_id, 2)
        assert book.chaining.chain(account_id) == 2

    assert book.chaining.chain(account_id) == 1
    assert book.verdict(account_id).findings == []


def test_more_rows_than_a_batch_are_chained_at_once(book: Book) -> None:
    account_id = book.account()
    book.write(account_id, 11)

    assert replace(book.chaining, batch=4).chain(account_id) == 11
    assert book.verdict(account_id).findings == []


def test_who_waits_is_seen_across_accounts_until_it_is_chained(book: Book) -> None:
    account_id = book.account()
    book.write(account_id, 1)

    def waits() -> bool:
        with dispatch(book.chaining.engine) as db:
            return account_id in waiting_accounts(db)

    before = waits()
    book.chaining.chain(account_id)

    assert (before, waits()) == (True, False)


def test_a_head_the_anchor_did_not_take_is_told_it_again(book: Book) -> None:
    class Away(_Nowhere):
        def keep(self, head: Head, *, at: datetime) -> None:
            raise Transient("the audit's anchor cannot be reached")

    account_id = book.account()
    book.write(account_id, 2)
    chaining = book.chaining
    away = Chaining(
        engine=chaining.engine,
        keys=chaining.keys,
        anchor=Away(),
        clock=lambda: NOW,
    )
    with pytest.raises(Transient):
        away.chain(account_id)
    with dispatch(chaining.engine) as db:
        assert account_id in waiting_accounts(db)

    assert chaining.chain(account_id) == 0
    assert book.verdict(account_id).anchored == 2


def test_rows_that_wait_are_counted_and_are_a_finding_only_after_a_while(book: Book) -> None:
    account_id = book.account()
    book.write(account_id, 2)
    fresh = book.verdict(account_id)
    book.tamper(
        "UPDATE pms_audit_logs SET created_at = now() - interval '6 minutes' "
        "WHERE account_id = :id",
        id=account_id,
    )

    assert (fresh.unchained, fresh.findings) == (2, [])
    assert book.troubles(account_id) == {Trouble.UNCHAINED}


def test_a_row_slipped_in_behind_the_head_is_found(book: Book) -> None:
    account_id = book.chained(2)
    book.write(account_id, 1)
    book.tamper(
        "UPDATE pms_audit_logs SET created_at = now() - interval '3 hours' WHERE id = "
        "(SELECT max(id) FROM pms_audit_logs WHERE account_id = :id)",
        id=account_id,
    )
    book.chaining.chain(account_id)

    assert book.troubles(account_id) == {Trouble.UNCHAINED}


def test_a_row_chained_under_a_lost_key_is_told_so(book: Book) -> None:
    account_id = book.chained(2)
    other = Verifying(
        engine=book.chaining.engine,
        keys=keys_from([OTHER_KEY]),
        anchor=_Nowhere(),
    )

    findings = other.verify(account_id)[0][0].findings

    assert {one.trouble for one in findings} == {Trouble.KEY, Trouble.ANCHOR}


def test_of_many_broken_rows_the_first_are_told_and_the_rest_are_counted(book: Book) -> None:
    account_id = book.chained(MOST_OF_A_KIND + 3)
    other = Verifying(engine=book.chaining.engine, keys=keys_from([OTHER_KEY]), anchor=_Nowhere())

    findings = other.verify(account_id)[0][0].findings

    lost = [one for one in findings if one.trouble is Trouble.KEY]
    assert [one.seq for one in lost] == [*range(1, MOST_OF_A_KIND + 1), None]
    assert lost[-1].sentence == "and 3 more of the kind 'key'"


def test_a_new_key_goes_on_where_the_old_one_ended(book: Book) -> None:
    account_id = book.chained(2)
    keys = keys_from([OTHER_KEY, KEY])
    anchor = FileAnchor(book.anchor_file, keys)
    book.write(account_id, 2)
    newer = Chaining(engine=book.chaining.engine, keys=keys, anchor=anchor, clock=lambda: NOW)
    newer.chain(account_id)

    verdicts, broken = Verifying(engine=newer.engine, keys=keys, anchor=anchor).verify(account_id)

    assert (verdicts[0].findings, broken, verdicts[0].links) == ([], (), 4)


@pytest.mark.parametrize("table", ["pms_audit_logs", "audit_chain", "audit_cuts"])
@pytest.mark.parametrize(
    "act", ["UPDATE {} SET account_id = account_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_the_app_role_may_not_change_what_is_written(book: Book, table: str, act: str) -> None:
    account_id = book.chained(1)

    with (
        pytest.raises(BadStatement, match="42501"),
        transaction(book.chaining.engine, account_id=account_id, role=APP_ROLE) as db,
    ):
        db.execute(text(act.format(table)))


@pytest.mark.parametrize("table", ["pms_audit_logs", "audit_chain"])
@pytest.mark.parametrize("act", ["UPDATE {} SET account_id = account_id", "DELETE FROM {}"])
def test_even_an_owner_is_refused_by_the_trigger(book: Book, table: str, act: str) -> None:
    book.chained(1)

    with pytest.raises(BadStatement, match="P0001"), transaction(book.chaining.engine) as db:
        _run(db, act.format(table))


def _run(db: Db, statement: str) -> None:
    db.execute(text(statement))


def test_what_is_known_of_a_chain_starts_at_nothing() -> None:
    assert Known() == Known(seq=0, anchored=0)
    assert Finding(trouble=Trouble.GAP, sentence="x").account_id is None
