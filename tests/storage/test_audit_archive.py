"""Archives of audit rows: what is past its keeping leaves to a file, and the chain goes on."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from adapters.anchors.file import FileAnchor
from adapters.storage.audit.audit_archive import Archiving, verify_file
from adapters.storage.audit.audit_chain import Chaining
from adapters.storage.audit.audit_restoring import Restoring
from adapters.storage.audit.audit_verify import Verifying
from adapters.storage.tables import pms_audit_logs
from domain.audit_chain import Trouble
from domain.audit_restored import ACTION, Restored
from domain.errors import BadInput
from infra.audit_keys import keys_from
from infra.database import ARCHIVE_ROLE, BadStatement, transaction
from tests.storage.rig import ACCOUNT, Rig

pytestmark = pytest.mark.integration

KEYS = keys_from(["a1" * 32])
THIS_YEAR = datetime.now(UTC).year
OLD = (THIS_YEAR - 10, THIS_YEAR - 9, THIS_YEAR - 7)
YOUNG = (THIS_YEAR - 2, THIS_YEAR - 1)


@pytest.fixture
def chaining(rig: Rig, tmp_path: Path) -> Chaining:
    anchor = FileAnchor(tmp_path / "heads.jsonl", KEYS)
    return Chaining(engine=rig.engine, keys=KEYS, anchor=anchor, clock=lambda: datetime.now(UTC))


@pytest.fixture
def archiving(rig: Rig, chaining: Chaining, tmp_path: Path) -> Archiving:
    """Three rows that are past their keeping, and two that are not."""
    written(rig, *OLD, *YOUNG)
    chaining.chain(ACCOUNT)
    return Archiving(
        engine=rig.engine, keys=KEYS, folder=tmp_path / "out", clock=lambda: datetime.now(UTC)
    )


def written(rig: Rig, *years: int) -> None:
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        for year in years:
            row = {
                "account_id": ACCOUNT,
                "user_id": "Ada",
                "action": "run_sheet.read",
                "phi_fields": ["patient_name"],
                "phi_accessed": True,
                "ip_address": "192.0.2.1",
                "created_at": datetime(year, 3, 1, 9, 30, tzinfo=UTC),
            }
            db.execute(insert(pms_audit_logs), row)


def judged(chaining: Chaining) -> tuple[int, int, set[Trouble]]:
    found = Verifying(engine=chaining.engine, keys=KEYS, anchor=chaining.anchor).verify(ACCOUNT)
    verdict = found[0][0]
    return verdict.archived, verdict.links, {one.trouble for one in verdict.findings}


def by_superuser(rig: Rig, statement: str) -> None:
    with transaction(rig.engine) as db:
        db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(text(statement))


def test_what_is_past_its_keeping_leaves_and_the_chain_verifies_across_the_cut(
    rig: Rig, chaining: Chaining, archiving: Archiving
) -> None:
    cut = archiving.archive(ACCOUNT)
    written(rig, THIS_YEAR - 1)
    chaining.chain(ACCOUNT)

    assert cut is not None and (cut.rows, cut.seq) == (3, 3)
    assert judged(chaining) == (3, 3, set())


def test_the_file_verifies_by_itself_and_is_its_owners_alone(archiving: Archiving) -> None:
    cut = archiving.archive(ACCOUNT)
    assert cut is not None
    path = archiving.folder / cut.file

    segment, findings = verify_file(path, KEYS)

    assert (segment.first, segment.last, findings) == (1, 3, [])
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_row_altered_in_the_file_is_found(archiving: Archiving) -> None:
    cut = archiving.archive(ACCOUNT)
    assert cut is not None
    path = archiving.folder / cut.file
    told = gzip.decompress(path.read_bytes()).replace(b'"Ada"', b'"Bo"', 1)
    path.write_bytes(gzip.compress(told))

    _, findings = verify_file(path, KEYS)

    assert [one.seq for one in findings] == [1]


def test_a_damaged_file_is_told_so(archiving: Archiving, tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(b"not an archive")

    with pytest.raises(BadInput, match="damaged"):
        verify_file(path, KEYS)


def test_nothing_leaves_twice_or_too_early(archiving: Archiving) -> None:
    archiving.archive(ACCOUNT)

    assert archiving.archive(ACCOUNT) is None
    assert replace(archiving, years=1).archive(ACCOUNT) is None


def test_a_longer_keeping_is_kept_to(archiving: Archiving) -> None:
    cut = replace(archiving, years=8).archive(ACCOUNT)

    assert cut is not None and cut.rows == 2


def test_nothing_leaves_a_broken_chain(rig: Rig, archiving: Archiving) -> None:
    by_superuser(rig, "UPDATE pms_audit_logs SET user_id = 'x' WHERE id = 2")

    with pytest.raises(BadInput, match="broken chain: row 2"):
        archiving.archive(ACCOUNT)


def test_several_archives_follow_each_other(chaining: Chaining, archiving: Archiving) -> None:
    one_by_one = replace(archiving, most=1)

    cuts = [one_by_one.archive(ACCOUNT) for _ in range(4)]

    assert [cut and cut.seq for cut in cuts] == [1, 2, 3, None]
    assert judged(chaining) == (3, 2, set())


def test_a_cut_that_no_archive_made_is_found(
    rig: Rig, chaining: Chaining, archiving: Archiving
) -> None:
    by_superuser(
        rig,
        "INSERT INTO audit_cuts (account_id, seq, hash, key_id, rows, file, digest, mark)"
        " SELECT account_id, seq, hash, key_id, seq, 'x', hash, hash FROM audit_chain"
        " WHERE seq = 4",
    )
    by_superuser(
        rig,
        "DELETE FROM pms_audit_logs"
        " WHERE created_at < date_trunc('year', now()) - interval '1 year'",
    )
    by_superuser(rig, "DELETE FROM audit_chain WHERE seq <= 4")

    assert judged(chaining) == (4, 1, {Trouble.CUT})


def test_a_cut_that_vanished_is_a_gap(rig: Rig, chaining: Chaining, archiving: Archiving) -> None:
    archiving.archive(ACCOUNT)
    by_superuser(rig, "DELETE FROM audit_cuts")

    assert Trouble.GAP in judged(chaining)[2]


@pytest.mark.parametrize("where", ["true", "created_at > now() - interval '6 years'"])
def test_the_archives_role_cannot_remove_what_no_cut_covers(
    rig: Rig, archiving: Archiving, where: str
) -> None:
    removed = -1
    try:
        with transaction(rig.engine, account_id=ACCOUNT, role=ARCHIVE_ROLE) as db:
            statement = text(f"DELETE FROM pms_audit_logs WHERE {where}")  # noqa: S608
            removed = db.execute(statement).rowcount
    except BadStatement:
        removed = 0

    assert removed == 0


def stated_long_ago(rig: Rig, chaining: Chaining) -> None:
    """Places 4 and 5 were lost to a restore that was stated at place 6, years ago."""
    for statement in (
        "DELETE FROM pms_audit_logs WHERE id > 3",
        "DELETE FROM audit_chain WHERE seq > 3",
        "UPDATE audit_heads SET seq = 3, hash = (SELECT hash FROM audit_chain WHERE seq = 3)",
    ):
        by_superuser(rig, statement)
    lost = Restoring(chaining=chaining).missing(ACCOUNT)[ACCOUNT]
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        end, _ = chaining.append(db, ACCOUNT)
        said = Restored(end=end, kept=3, known=lost.known, backup=datetime.now(UTC))
        row = {
            "account_id": ACCOUNT,
            "user_id": "cli:ann",
            "action": ACTION,
            "request_summary": said.signed(KEYS.current),
            "created_at": datetime(OLD[2], 3, 2, tzinfo=UTC),
        }
        made = db.execute(insert(pms_audit_logs).returning(pms_audit_logs), row).mappings().one()
        head = chaining.link(db, said.before, [dict(made)])
    chaining.tell(head)


def test_an_archive_goes_on_across_a_restored_backup(
    rig: Rig, chaining: Chaining, archiving: Archiving
) -> None:
    """Places that a restore has lost are no rows to wait for, and no hole."""
    stated_long_ago(rig, chaining)
    assert judged(chaining) == (0, 4, set())
    one_by_one = replace(archiving, most=1)

    cuts = [one_by_one.archive(ACCOUNT) for _ in range(5)]

    assert [cut and cut.seq for cut in cuts] == [1, 2, 3, 6, None]
    assert judged(chaining) == (6, 0, set())
    last = cuts[3]
    assert last is not None
    segment, findings = verify_file(archiving.folder / last.file, KEYS)
    assert (segment.rows, segment.last, findings) == (1, 6, [])


def test_one_file_holds_rows_of_before_and_after_a_restore(
    rig: Rig, chaining: Chaining, archiving: Archiving
) -> None:
    stated_long_ago(rig, chaining)

    cut = archiving.archive(ACCOUNT)

    assert cut is not None and (cut.rows, cut.seq) == (4, 6)
    segment, findings = verify_file(archiving.folder / cut.file, KEYS)
    assert (segment.rows, segment.first, segment.last, findings) == (4, 1, 6, [])
