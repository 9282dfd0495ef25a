"""What an endpoint is to be told next, and how telling it went; each step is one transaction."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, RowMapping, text

from adapters.storage.audit import Access, record
from adapters.storage.change_cursors import encode
from adapters.storage.ledger import put
from adapters.storage.retelling import tell_anew
from adapters.storage.sheet_changes import NOBODY, Place, here
from domain.errors import SyncError
from domain.jobs import Job
from domain.outgoing import CHANGED, GIVE_UP_AFTER, MOST_IDS, Message, MessageState, pause_after
from domain.work import tell_endpoint_job
from infra.database import dispatch, transaction

PATIENCE = timedelta(seconds=60)
"""So long a run that goes on may hold its changes together in one message."""

LOST = timedelta(minutes=5)
OUR_FAULT = "It could not be sent through a fault of ours."
BY_US = Access(user="system")

# A number that lies ahead is of a database before it was restored: everything is news then.
_BEGIN_ANEW = text(
    """
    UPDATE webhook_endpoints SET told_in = 0
    WHERE told_in > CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)
    """
)
# Each is looked up by one step into an index; without an endpoint nothing is.
_RIPE = text(
    """
    WITH waiting AS (
      UPDATE webhook_endpoints AS endpoint SET waiting_since = coalesce(waiting_since, :now)
      WHERE state = 'active' AND removed_at IS NULL
        AND NOT EXISTS (SELECT FROM webhook_messages AS due
                        WHERE due.endpoint_id = endpoint.id AND due.state = 'due')
        AND EXISTS (SELECT FROM run_sheet_appointments AS entry
                    WHERE entry.account_id = endpoint.account_id
                      AND entry.changed_in >= endpoint.told_in
                      AND entry.changed_in
                          < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint))
      RETURNING id, account_id, waiting_since
    )
    SELECT id, account_id FROM waiting
    WHERE waiting_since <= :patient OR NOT EXISTS (
      SELECT FROM pms_sync_log AS run
      WHERE run.account_id = waiting.account_id AND run.status = 'running')
    UNION ALL
    SELECT DISTINCT endpoint.id, endpoint.account_id
    FROM webhook_endpoints AS endpoint JOIN webhook_messages AS due
      ON due.endpoint_id = endpoint.id AND due.state = 'due' AND due.next_try_at < :lost
    WHERE endpoint.state = 'active' AND endpoint.removed_at IS NULL
    """
)
_ENDPOINT = text(
    """
    SELECT id, account_id, url, state, secret_ref, told_in FROM webhook_endpoints
    WHERE id = :id AND removed_at IS NULL AND state = 'active' FOR UPDATE
    """
)
_DUE = text(
    """
    SELECT id, kind, content, attempts, created_at, next_try_at FROM webhook_messages
    WHERE endpoint_id = :id AND state = 'due' ORDER BY next_try_at, created_at LIMIT 1
    """
)
_CHANGED = text(
    """
    SELECT count(*) AS rows,
           array_agg(DISTINCT CAST(appointment_time AT TIME ZONE timezone AS date)) AS days,
           (array_agg(id))[1:CAST(:most AS int)] AS ids
    FROM (SELECT id, appointment_time, timezone FROM run_sheet_appointments
          WHERE account_id = :account_id AND changed_in >= :since AND changed_in < :horizon
          ORDER BY changed_in, id LIMIT :many) AS changed
    """
)
_WRITE = text(
    """
    INSERT INTO webhook_messages (account_id, endpoint_id, kind, content, next_try_at, created_at)
    VALUES (:account_id, :endpoint_id, :kind, CAST(:content AS jsonb), :at, :at)
    RETURNING id, kind, content, attempts, created_at, next_try_at
    """
)
_TOLD_UNTIL = text(
    "UPDATE webhook_endpoints SET told_in = :horizon, waiting_since = NULL WHERE id = :id"
)
_DELIVERED = text(
    """
    UPDATE webhook_messages SET state = 'delivered', attempts = attempts + 1, status = :status,
                                reason = NULL, delivered_at = :at WHERE id = :id
    """
)
_WELL = text("UPDATE webhook_endpoints SET failing_since = NULL WHERE id = :id")
# What a person paused, resumed or removed while it was tried stays as they left it.
_FAILING = text(
    """
    UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, :at), reason = :reason
    WHERE id = :id AND state = 'active' AND removed_at IS NULL RETURNING failing_since
    """
)
_FAILED = text(
    """
    UPDATE webhook_messages SET attempts = attempts + 1, status = :status, reason = :reason,
                                next_try_at = :next_at, state = :state
    WHERE id = :id AND state = 'due' RETURNING kind, content, delivered_at
    """
)
_DISABLE = text("UPDATE webhook_endpoints SET state = 'disabled' WHERE id = :id")
MANY = 1000
"""More changed rows than that are told as so many; the feed has them all."""


def put_ripe(engine: Engine, *, clock: Callable[[], datetime]) -> int:
    """A job for each endpoint that has something to hear."""
    now = clock()
    values = {"now": now, "patient": now - PATIENCE, "lost": now - LOST}
    with dispatch(engine) as db:
        db.execute(_BEGIN_ANEW)
        ripe = db.execute(_RIPE, values).all()
        for one in ripe:
            put(db, tell_endpoint_job(account_id=one.account_id, endpoint_id=one.id))
    return len(ripe)


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingStore:
    """The endpoints of all accounts, one at a time."""

    engine: Engine
    clock: Callable[[], datetime]

    def next(self, job: Job) -> Message | None:
        """What waits, else what has changed since it was told last, else nothing."""
        with transaction(self.engine, account_id=str(job.account_id)) as db:
            endpoint = db.execute(_ENDPOINT, {"id": job.args["endpoint_id"]}).mappings().first()
            if endpoint is None:
                return None
            due = db.execute(_DUE, {"id": endpoint["id"]}).mappings().first()
            written = due or self._written(db, endpoint)
            return None if written is None else _message(endpoint, written)

    def delivered(self, message: Message, *, status: int) -> None:
        with transaction(self.engine, account_id=message.account_id) as db:
            db.execute(_DELIVERED, {"id": message.id, "status": status, "at": self.clock()})
            db.execute(_WELL, {"id": message.endpoint_id})

    def failed(
        self, message: Message, *, status: int | None, reason: str, for_good: bool
    ) -> datetime | None:
        """When it is tried again; None where the endpoint is sent nothing any more.

        Because a person said so, or because it is disabled, after days or by its own word:
        whoever looks after the account finds that on the page and in the audit.
        """
        now = self.clock()
        next_at = now + pause_after(message.attempts + 1)
        row = {"id": message.id, "status": status, "reason": reason, "next_at": next_at}
        endpoint = {"id": message.endpoint_id, "at": now, "reason": reason}
        with transaction(self.engine, account_id=message.account_id) as db:
            since = db.execute(_FAILING, endpoint).scalar_one_or_none()
            if since is None:
                return None
            ends = for_good or now - since >= GIVE_UP_AFTER
            state = MessageState.FAILED if ends else MessageState.DUE
            failed = db.execute(_FAILED, {**row, "state": state.value}).mappings().all()
            if ends:
                db.execute(_DISABLE, {"id": message.endpoint_id})
                tell_anew(db, message.endpoint_id, failed)
                _note(db, message)
        return None if ends else next_at

    def gave_up(self, job: Job, _error: SyncError) -> None:
        """A crash counts as a try that failed: else what waits would be a job at every tick."""
        with transaction(self.engine, account_id=str(job.account_id)) as db:
            endpoint = db.execute(_ENDPOINT, {"id": job.args["endpoint_id"]}).mappings().first()
            if endpoint is None:
                return
            due = db.execute(_DUE, {"id": endpoint["id"]}).mappings().first()
        if due is not None:
            message = _message(endpoint, due)
            self.failed(message, status=None, reason=OUR_FAULT, for_good=False)

    def _written(self, db: Db, endpoint: RowMapping) -> RowMapping | None:
        """Everything that changed since, as one message; the cursor is of before it."""
        now, account_id = self.clock(), endpoint["account_id"]
        place = here(db, account_id, at=now)
        values = {
            "account_id": account_id,
            "since": endpoint["told_in"],
            "horizon": place.changed_in,
            "most": MOST_IDS,
            "many": MANY,
        }
        found = db.execute(_CHANGED, values).mappings().one()
        if not found["rows"]:
            return None
        db.execute(_TOLD_UNTIL, {"id": endpoint["id"], "horizon": place.changed_in})
        before = Place(life=place.life, changed_in=endpoint["told_in"], id=NOBODY, at=now)
        told = {
            "account_id": account_id,
            "endpoint_id": endpoint["id"],
            "kind": CHANGED,
            "content": _content(found, before),
            "at": now,
        }
        return db.execute(_WRITE, told).mappings().one()


def _content(found: RowMapping, before: Place) -> str:
    told: Mapping[str, Any] = {
        "rows": found["rows"],
        "and_more": found["rows"] >= MANY,
        "ids": [str(one) for one in found["ids"]],
        "days": sorted(one.isoformat() for one in found["days"]),
        "cursor": encode(before),
    }
    return json.dumps(told)


def _message(endpoint: RowMapping, written: RowMapping) -> Message:
    return Message(
        id=written["id"],
        account_id=endpoint["account_id"],
        endpoint_id=endpoint["id"],
        url=endpoint["url"],
        secret_ref=endpoint["secret_ref"],
        kind=written["kind"],
        content=written["content"],
        attempts=written["attempts"],
        created_at=written["created_at"],
    )


def _note(db: Db, message: Message) -> None:
    record(
        db,
        BY_US,
        account_id=message.account_id,
        action="endpoint.disabled",
        summary=f"endpoint {message.endpoint_id}",
        success=False,
    )
