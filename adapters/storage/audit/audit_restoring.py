"""States in a chain that a backup was restored, so that what it lost is told as that."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.audit.audit import Access, record
from adapters.storage.audit.audit_chain import Chaining
from adapters.storage.audit.audit_verify import Verifying
from adapters.storage.audit.audit_wrong import Lost
from domain.audit_chain import COLUMNS, SHAPE, Head
from domain.audit_restored import ACTION, Restored
from domain.errors import BadInput
from infra.database import dispatch, transaction

_KEPT = text(
    """
    SELECT link.seq FROM audit_chain AS link
    JOIN pms_audit_logs AS logs ON logs.id = link.audit_id
    WHERE link.account_id = :account_id AND link.seq <= :most AND logs.created_at <= :backup
    ORDER BY link.seq DESC LIMIT 1
    """
)
_NEWEST = text(
    """
    SELECT max(created_at) FROM pms_audit_logs
    WHERE account_id = :account_id AND created_at <= :backup
    """
)
_ROW = text(
    f"""
    SELECT {", ".join(COLUMNS[SHAPE])} FROM pms_audit_logs
    WHERE account_id = :account_id AND action = :action AND request_summary = :summary
    ORDER BY id DESC LIMIT 1
    """  # noqa: S608 - the columns are this product's own
)
_IS_HERE = text("SELECT EXISTS (SELECT FROM accounts WHERE id = :id)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What was stated of an account, and of when the newest row is that was in the backup."""

    restored: Restored
    kept_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoring:
    chaining: Chaining

    def missing(self, only: str | None = None) -> dict[str, Lost]:
        """Accounts of which the anchor knows what neither the chain has nor a statement explains.

        An account made after the backup is here only in the anchor.
        """
        chaining = self.chaining
        verifying = Verifying(engine=chaining.engine, keys=chaining.keys, anchor=chaining.anchor)
        verdicts, broken = verifying.verify(only)
        for found in broken:
            raise BadInput(f"Nothing is stated by a broken anchor: {found.sentence}.")
        return {one.account_id: one.lost for one in verdicts if one.lost is not None}

    def is_here(self, account_id: str) -> bool:
        with dispatch(self.chaining.engine) as db:
            return bool(db.execute(_IS_HERE, {"id": account_id}).scalar_one())

    def state(self, account_id: str, lost: Lost, access: Access, *, backup: datetime) -> Statement:
        """One row, signed, chained behind all that was lost, and anchored."""
        chaining = self.chaining
        with transaction(chaining.engine, account_id=account_id) as db:
            end = self._end(db, account_id)
            values = {"account_id": account_id, "most": lost.kept, "backup": backup}
            kept = db.execute(_KEPT, values).scalar() or 0
            kept_at = db.execute(_NEWEST, values).scalar()
            said = Restored(end=end, kept=kept, known=lost.known, backup=backup)
            summary = said.signed(chaining.keys.current)
            record(db, access, account_id=account_id, action=ACTION, summary=summary)
            head = chaining.link(db, said.before, [_row(db, account_id, summary)])
        chaining.tell(head)
        return Statement(restored=said, kept_at=kept_at)

    def _end(self, db: Db, account_id: str) -> Head:
        """Where the chain stands once every row that waits is in it; it is held from here on."""
        end, appended = self.chaining.append(db, account_id)
        while appended:
            end, appended = self.chaining.append(db, account_id)
        return end


def _row(db: Db, account_id: str, summary: str) -> dict[str, Any]:
    values = {"account_id": account_id, "action": ACTION, "summary": summary}
    return dict(db.execute(_ROW, values).mappings().one())
