"""A backup was restored: what it lost is told as stated, and whatever else is done is found."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.anchors.file import FileAnchor
from adapters.storage.audit.audit import Access
from adapters.storage.audit.audit_chain import Chaining
from adapters.storage.audit.audit_restoring import Restoring, Statement
from adapters.storage.audit.audit_verify import Verifying
from domain.audit_chain import Head, Trouble
from domain.audit_restored import ACTION, Restored
from domain.errors import BadInput
from infra.audit_keys import keys_from
from infra.database import engine, transaction
from tests.storage.test_audit_chain import KEY, NOW, OTHER_KEY, Book

pytestmark = pytest.mark.integration

BY = Access(user="cli:ann", endpoint="pms-sync audit restored")


@pytest.fixture(scope="module")
def book(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    made = engine(module_database_url, application_name="tests")
    path = tmp_path_factory.mktemp("anchor") / "heads.jsonl"
    keys = keys_from([KEY])
    anchor = FileAnchor(path, keys)
    chaining = Chaining(engine=made, keys=keys, anchor=anchor, clock=lambda: NOW)
    yield Book(chaining, Verifying(engine=made, keys=keys, anchor=anchor), path)
    made.dispose()


def back_to(book: Book, account_id: str, place: int) -> None:
    """As the database is once a dump of then is restored."""
    at: dict[str, object] = {"id": account_id, "at": place}
    book.tamper(
        "DELETE FROM pms_audit_logs WHERE account_id = :id AND id NOT IN "
        "(SELECT audit_id FROM audit_chain WHERE account_id = :id AND seq <= :at)",
        **at,
    )
    book.tamper("DELETE FROM audit_chain WHERE account_id = :id AND seq > :at", **at)
    book.tamper(
        "UPDATE audit_heads SET seq = :at, anchored_seq = :at, hash = "
        "(SELECT hash FROM audit_chain WHERE account_id = :id AND seq = :at) "
        "WHERE account_id = :id",
        **at,
    )


def lived(book: Book, account_id: str, *batches: int) -> None:
    """So many rows each, and a head for each."""
    for rows in batches:
        book.write(account_id, rows)
        book.chaining.chain(account_id)


def stated(book: Book, account_id: str, *, backup: datetime | None = None) -> Statement:
    restoring = Restoring(chaining=book.chaining)
    lost = restoring.missing(account_id)[account_id]
    return restoring.state(account_id, lost, BY, backup=backup or datetime.now(UTC))


def restored(book: Book) -> str:
    """Places 1 to 4 were in the backup; 5 to 9 are lost, and the statement stands at 10."""
    account_id = book.chained(4)
    lived(book, account_id, 3, 2)
    back_to(book, account_id, 4)
    stated(book, account_id)
    return account_id


def signed(book: Book, account_id: str) -> str:
    """What the statement of that account says, mark and all."""
    with transaction(book.chaining.engine) as db:
        values = {"id": account_id, "action": ACTION}
        said: str = db.execute(
            text(
                "SELECT request_summary FROM pms_audit_logs"
                " WHERE account_id = :id AND action = :action"
            ),
            values,
        ).scalar_one()
    return said


def slip_in(book: Book, account_id: str, summary: str) -> None:
    """A superuser writes the row; a worker chains it as whatever it is."""
    book.tamper(
        "INSERT INTO pms_audit_logs (account_id, user_id, action, request_summary) "
        "VALUES (:id, 'cli:ann', :action, :summary)",
        id=account_id,
        action=ACTION,
        summary=summary,
    )
    book.chaining.chain(account_id)


def test_a_stated_restore_is_no_finding_and_is_not_passed_over_in_silence(book: Book) -> None:
    account_id = book.chained(4)
    lived(book, account_id, 3, 2)
    back_to(book, account_id, 4)
    assert book.troubles(account_id) == {Trouble.TAIL}

    made = stated(book, account_id)
    lived(book, account_id, 2)

    verdict = book.verdict(account_id)
    assert verdict.findings == []
    assert (made.restored.kept, made.restored.known.seq, made.restored.seq) == (4, 9, 10)
    (told,) = verdict.stated
    assert (told.by, told.restored.known) == ("cli:ann", made.restored.known)
    assert "all is kept to place 4" in told.sentence and "up to place 9, is lost" in told.sentence
    assert (verdict.links, verdict.anchored) == (7, 12)


def test_a_restore_that_is_stated_late_is_stated_all_the_same(book: Book) -> None:
    """The processes went on for days, and took places that the anchor knows otherwise."""
    account_id = book.chained(4)
    at_backup = datetime.now(UTC)
    lived(book, account_id, 2, 2, 2)
    back_to(book, account_id, 4)
    lived(book, account_id, 1, 1, 1, 1, 5)
    assert book.troubles(account_id) == {Trouble.ANCHOR}

    made = stated(book, account_id, backup=at_backup)

    assert book.verdict(account_id).findings == []
    assert (made.restored.kept, made.restored.known.seq, made.restored.seq) == (4, 10, 14)


def test_nothing_is_lost_twice_by_a_second_statement(book: Book) -> None:
    account_id = restored(book)

    assert Restoring(chaining=book.chaining).missing(account_id) == {}


def test_the_same_backup_restored_twice_is_stated_twice(book: Book) -> None:
    account_id = restored(book)
    lived(book, account_id, 3)
    back_to(book, account_id, 4)
    assert book.troubles(account_id) == {Trouble.TAIL}

    made = stated(book, account_id)

    assert book.verdict(account_id).findings == []
    assert (made.restored.kept, made.restored.known.seq) == (4, 13)


def test_a_later_backup_that_holds_a_statement_is_restored_like_any(book: Book) -> None:
    account_id = restored(book)
    lived(book, account_id, 3, 4)
    back_to(book, account_id, 13)

    made = stated(book, account_id)

    verdict = book.verdict(account_id)
    assert verdict.findings == []
    assert [one.restored.seq for one in verdict.stated] == [10, made.restored.seq] == [10, 18]


def test_rows_that_vanish_after_a_statement_are_found(book: Book) -> None:
    account_id = restored(book)
    lived(book, account_id, 4)

    back_to(book, account_id, 11)

    assert book.troubles(account_id) == {Trouble.TAIL}


def test_rows_that_vanish_with_the_statement_are_found(book: Book) -> None:
    account_id = restored(book)

    back_to(book, account_id, 4)

    assert book.troubles(account_id) == {Trouble.TAIL}


def test_more_of_the_rows_before_a_statement_cannot_be_passed_off_as_lost(book: Book) -> None:
    account_id = restored(book)

    for table, place in (("pms_audit_logs", "id"), ("audit_chain", "audit_id")):
        book.tamper(
            f"DELETE FROM {table} WHERE {place} IN (SELECT audit_id FROM audit_chain"  # noqa: S608
            " WHERE account_id = :id AND seq IN (3, 4))",
            id=account_id,
        )

    assert Trouble.GAP in book.troubles(account_id) or Trouble.MISSING in book.troubles(account_id)


@pytest.mark.parametrize("place", [2, 4, 10, 11])
def test_a_row_altered_before_at_or_after_a_statement_is_found(book: Book, place: int) -> None:
    account_id = restored(book)
    lived(book, account_id, 2)

    book.tamper(
        "UPDATE pms_audit_logs SET user_id = 'x' WHERE id = "
        "(SELECT audit_id FROM audit_chain WHERE account_id = :id AND seq = :at)",
        id=account_id,
        at=place,
    )

    assert [one.seq for one in book.verdict(account_id).findings] == [place]


def test_a_statement_without_the_key_states_nothing(book: Book) -> None:
    """Its words are right, its mark is another key's, and a worker chains it as a row."""
    account_id = book.chained(4)
    lived(book, account_id, 3)
    back_to(book, account_id, 4)
    forger = keys_from([OTHER_KEY]).current
    with transaction(book.chaining.engine) as db:
        end = bytes(
            db.execute(
                text("SELECT hash FROM audit_heads WHERE account_id = :id"), {"id": account_id}
            ).scalar_one()
        )
    said = Restored(
        end=Head(account_id=account_id, seq=4, hash=end),
        kept=4,
        known=Head(account_id=account_id, seq=7, hash=bytes(32)),
        backup=NOW,
    )

    forged = said.signed(forger).replace(forger.id.hex(), book.chaining.keys.current.id.hex())
    slip_in(book, account_id, forged)

    assert book.troubles(account_id) == {Trouble.RESTORED, Trouble.TAIL}
    assert book.verdict(account_id).stated == []


def test_a_statement_is_good_at_its_own_place_only(book: Book) -> None:
    """Whoever rules the database copies a genuine one to cover rows that they take out."""
    account_id = restored(book)
    lived(book, account_id, 4)
    genuine = signed(book, account_id)
    back_to(book, account_id, 11)

    slip_in(book, account_id, genuine)

    assert book.troubles(account_id) == {Trouble.RESTORED, Trouble.TAIL}


def test_a_statement_of_another_account_is_none(book: Book) -> None:
    genuine = signed(book, restored(book))
    other = book.chained(4)
    lived(book, other, 5)
    back_to(book, other, 4)

    slip_in(book, other, genuine)

    assert Trouble.RESTORED in book.troubles(other)


def test_a_link_set_to_the_place_of_a_statement_is_found(book: Book) -> None:
    """The row's place is moved behind the lost ones, as a statement's is."""
    account_id = book.chained(4)
    lived(book, account_id, 3)
    back_to(book, account_id, 4)
    slip_in(book, account_id, "restored")

    book.tamper("UPDATE audit_chain SET seq = 8 WHERE account_id = :id AND seq = 5", id=account_id)
    book.tamper("UPDATE audit_heads SET seq = 8 WHERE account_id = :id", id=account_id)

    assert Trouble.GAP in book.troubles(account_id)


def test_the_newest_row_that_is_kept_tells_whether_more_is_missing_than_the_backup_lacked(
    book: Book,
) -> None:
    account_id = book.chained(4)
    lived(book, account_id, 3)
    back_to(book, account_id, 4)

    made = stated(book, account_id)

    assert made.kept_at is not None
    assert datetime.now(UTC) - made.kept_at < timedelta(minutes=5)


def test_a_row_that_waited_to_be_chained_in_the_backup_counts_as_its_newest(book: Book) -> None:
    account_id = book.chained(4)
    lived(book, account_id, 3)
    back_to(book, account_id, 4)
    chained_at = datetime.now(UTC)
    book.write(account_id, 1)

    made = stated(book, account_id)

    assert made.kept_at is not None and made.kept_at >= chained_at
    assert (made.restored.kept, made.restored.end.seq) == (4, 5)
    assert book.verdict(account_id).findings == []


def test_nothing_is_stated_by_an_anchor_that_was_altered(book: Book, tmp_path: Path) -> None:
    account_id = book.chained(3)
    path = tmp_path / "heads.jsonl"
    path.write_bytes(book.anchor_file.read_bytes().replace(b'"seq": 3', b'"seq": 2'))
    keys = book.chaining.keys
    chaining = Chaining(
        engine=book.chaining.engine, keys=keys, anchor=FileAnchor(path, keys), clock=lambda: NOW
    )

    with pytest.raises(BadInput, match="broken anchor"):
        Restoring(chaining=chaining).missing(account_id)
