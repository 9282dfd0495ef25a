"""Texts to be sent: kept sealed with the job that sends them, marked before they leave."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, RowMapping, text

from adapters.storage.jobs.ledger import put as put_job
from adapters.storage.phone import opt_outs, overtaken
from domain.errors import SyncError
from domain.jobs import Job
from domain.texts import AFTER, CARRIER, NO_LONGER_SO, TO_BE_SENT, KeptText, TextState
from domain.work import send_text_job
from infra.database import dispatch, transaction
from infra.sealing import Sealer

TABLE = "text_messages"
UNSUBSCRIBED = "21610"

_PUT = text(
    """
    INSERT INTO text_messages (id, account_id, write_id, recipient, recipient_hash, body, purpose)
    VALUES (:id, :account_id, :write_id, :recipient, :recipient_hash, :body, :purpose)
    ON CONFLICT (write_id, purpose) DO NOTHING RETURNING id
    """
)
_LOAD = text("SELECT * FROM text_messages WHERE id = :id")
# It, or one of the same write, may have left after the backup that was restored was made.
_DOUBT = text(
    """
    UPDATE text_messages AS held
    SET state = 'unknown', updated_at = LEAST(held.updated_at, began.at)
    FROM (SELECT kept.id, LEAST(kept.created_at, write.created_at) AS at
          FROM text_messages AS kept LEFT JOIN pms_writes AS write ON write.id = kept.write_id
          WHERE kept.id = :id) AS began
    JOIN accounts ON accounts.id = :account_id
    WHERE held.id = began.id AND held.state = 'due' AND accounts.restored_at > began.at
    """
)
_MOVE = text(
    """
    UPDATE text_messages SET state = :state, updated_at = :now, reason = :reason,
      vendor_id = COALESCE(:vendor_id, vendor_id),
      sent_at = CASE WHEN :state IN ('sent', 'delivered') THEN COALESCE(sent_at, :now)
                ELSE sent_at END
    WHERE id = :id AND state = ANY(:before) RETURNING write_id
    """
)
_DUE = text("UPDATE pms_writes SET text_state = 'due' WHERE id = :id")
# Where somebody has told the caller instead, it stays so.
_OF_WRITE = text(
    "UPDATE pms_writes SET text_state = :state WHERE id = :id AND text_state <> 'by_person'"
)
_DROP = text(
    """
    UPDATE text_messages SET state = 'off', updated_at = now(), reason = :reason
    WHERE write_id = :write_id AND purpose = :purpose AND state = 'due'
    """
)
_NAMED = text(
    """
    SELECT id, account_id FROM text_messages
    WHERE vendor_id = :vendor_id OR (id = CAST(:id AS uuid) AND vendor_id IS NULL)
    """
)


def put(  # noqa: PLR0913 - to whom, for which write, in what words
    db: Db,
    sealer: Sealer,
    *,
    account_id: str,
    write_id: UUID | None,
    recipient: str,
    purpose: str,
    body: str,
    trace_id: str | None = None,
) -> bool:
    """The text and the job that sends it, in the caller's transaction; False where it was put.

    `recipient` is E.164. A write has one text for each `purpose`, however often it is asked for.
    """
    row_id = uuid4()
    place: dict[str, str] = {"table": TABLE, "row": str(row_id), "account": account_id}
    values = {
        "id": row_id,
        "account_id": account_id,
        "write_id": write_id,
        "recipient": sealer.seal(recipient, column="recipient", **place),
        "recipient_hash": opt_outs.index(sealer, recipient, account_id=account_id),
        "body": sealer.seal(body, column="body", **place),
        "purpose": purpose,
    }
    if db.execute(_PUT, values).first() is None:
        return False
    if write_id is not None:
        db.execute(_DUE, {"id": write_id})
    put_job(db, send_text_job(account_id=account_id, text_id=row_id, trace_id=trace_id))
    return True


def drop(db: Db, write_id: UUID, *, purpose: str) -> None:
    """What has not left says what is no longer so."""
    db.execute(_DROP, {"write_id": write_id, "purpose": purpose, "reason": NO_LONGER_SO})


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStore:
    """The texts of all accounts, one at a time; each method is one transaction."""

    engine: Engine
    sealer: Sealer
    clock: Callable[[], datetime]

    def load(self, job: Job) -> KeptText:
        """As it is kept; one that is due and may have left before a restore is to be looked for."""
        values = {"id": job.args["text_id"], "account_id": str(job.account_id)}
        with transaction(self.engine, account_id=str(job.account_id)) as db:
            db.execute(_DOUBT, values)
            return self._kept(db.execute(_LOAD, values).mappings().one())

    def wants_none(self, kept: KeptText) -> bool:
        """Whether the recipient has asked for no texts."""
        with transaction(self.engine, account_id=kept.account_id) as db:
            return opt_outs.is_out(db, self.sealer, kept.recipient, account_id=kept.account_id)

    def is_overtaken(self, kept: KeptText) -> bool:
        """Whether the caller has moved or cancelled since what it tells of."""
        if kept.write_id is None:
            return False
        with transaction(self.engine, account_id=kept.account_id) as db:
            return overtaken.is_overtaken(db, kept.write_id)

    def sending(self, kept: KeptText) -> bool:
        """Mark it as leaving, committed before it does; False where another attempt has."""
        return self._move(kept, TextState.SENDING, before={kept.state})

    def sent(self, kept: KeptText, vendor_id: str) -> None:
        before = AFTER[TextState.SENT]
        self._move(kept, TextState.SENT, before=before, vendor_id=vendor_id)

    def settle(self, kept: KeptText, state: TextState, *, reason: str | None = None) -> None:
        """How it stands now; a text that its carrier has told of meanwhile stays as it is."""
        self._move(kept, state, before=TO_BE_SENT, reason=reason)

    def gave_up(self, job: Job, error: SyncError) -> None:
        """It will not be sent; what may have left stays so, for the carrier may tell of it yet."""
        values = {
            "id": UUID(job.args["text_id"]),
            "state": TextState.FAILED.value,
            "before": [TextState.DUE.value],
            "reason": str(error),
            "vendor_id": None,
            "now": self.clock(),
        }
        self._moved(str(job.account_id), values)

    def opted_out(self, kept: KeptText, *, reason: str) -> None:
        """The vendor knows that they want none; from now on we know it, too."""
        with transaction(self.engine, account_id=kept.account_id) as db:
            opt_outs.add(db, self.sealer, kept.recipient, account_id=kept.account_id)
        self.settle(kept, TextState.OPTED_OUT, reason=reason)

    def heard(self, vendor_id: str, word: str, *, text_id: str | None, code: str = "") -> bool:
        """What the carrier says of a message; False where it is none of ours.

        It may come before our own record of the sending: then `text_id` names the text.
        """
        with dispatch(self.engine) as db:
            row = db.execute(_NAMED, {"vendor_id": vendor_id, "id": text_id}).first()
        if row is None:
            return False
        with transaction(self.engine, account_id=row.account_id) as db:
            kept = self._kept(db.execute(_LOAD, {"id": row.id}).mappings().one())
        state = CARRIER.get(word, TextState.SENT)
        if state is TextState.FAILED and code == UNSUBSCRIBED:
            with transaction(self.engine, account_id=kept.account_id) as db:
                opt_outs.add(db, self.sealer, kept.recipient, account_id=kept.account_id)
        reason = f"The carrier says: {word} ({code})" if state is TextState.FAILED else None
        self._move(kept, state, before=AFTER[state], reason=reason, vendor_id=vendor_id)
        return True

    def _move(
        self,
        kept: KeptText,
        state: TextState,
        *,
        before: Collection[TextState],
        reason: str | None = None,
        vendor_id: str | None = None,
    ) -> bool:
        values = {
            "id": kept.id,
            "state": state.value,
            "before": [one.value for one in before],
            "reason": reason,
            "vendor_id": vendor_id,
            "now": self.clock(),
        }
        return self._moved(kept.account_id, values)

    def _moved(self, account_id: str, values: Mapping[str, Any]) -> bool:
        with transaction(self.engine, account_id=account_id) as db:
            row = db.execute(_MOVE, values).first()
            if row is not None and row.write_id is not None:
                db.execute(_OF_WRITE, {"id": row.write_id, "state": values["state"]})
            return row is not None

    def _kept(self, row: RowMapping) -> KeptText:
        place = {"table": TABLE, "row": row["id"], "account": row["account_id"]}
        return KeptText(
            id=row["id"],
            account_id=row["account_id"],
            write_id=row["write_id"],
            state=TextState(row["state"]),
            recipient=self.sealer.open_text(row["recipient"], column="recipient", **place),
            body=self.sealer.open_text(row["body"], column="body", **place),
            created_at=row["created_at"],
            tried_at=row["updated_at"],
        )
