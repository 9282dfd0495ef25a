"""What an endpoint is to be told next, and how telling it went; each step is one transaction."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, RowMapping, text

from adapters.storage.audit.audit import Access, record
from adapters.storage.jobs.ledger import guard
from adapters.storage.outgoing.retelling import tell_anew
from adapters.storage.sheet.change_cursors import encode
from adapters.storage.sheet.sheet_changes import Place, certain, place_below
from adapters.storage.upkeep.database_life import life
from domain.errors import SyncError, Throttled
from domain.jobs import Job
from domain.outgoing import (
    CHANGED,
    GIVE_UP_AFTER,
    MOST_IDS,
    TEST,
    UNWRITTEN,
    Message,
    MessageState,
    pause_after,
)
from infra.database import transaction

OUR_FAULT = "It could not be sent through a fault of ours."
BY_US = Access(user="system")

_ENDPOINT = text(
    """
    SELECT id, account_id, url, state, secret_ref, told_in FROM webhook_endpoints
    WHERE id = :id AND removed_at IS NULL AND state = 'active' FOR UPDATE
    """
)
_COLUMNS = "id, kind, content, attempts, created_at, next_try_at, delivered_at"
_DUE = text(
    f"""
    SELECT {_COLUMNS} FROM webhook_messages
    WHERE endpoint_id = :id AND state = 'due' ORDER BY next_try_at, created_at LIMIT 1
    """  # noqa: S608 - this module's own words
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
    f"""
    INSERT INTO webhook_messages (account_id, endpoint_id, kind, content, next_try_at, created_at)
    VALUES (:account_id, :endpoint_id, :kind, CAST(:content AS jsonb), :at, :at)
    RETURNING {_COLUMNS}
    """  # noqa: S608 - this module's own words
)
_PUT_TOGETHER = text(
    f"""
    UPDATE webhook_messages SET kind = :kind, content = CAST(:content AS jsonb), attempts = 0
    WHERE id = :id RETURNING {_COLUMNS}
    """  # noqa: S608 - this module's own words
)
_NOTHING_LEFT = text(
    """
    UPDATE webhook_messages SET state = 'failed', reason = 'Nothing was left to be told.'
    WHERE id = :id
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
# What a person paused, resumed or removed while it was tried stays as they left it. The days it
# fails are counted from its own first failure, not from one of ours.
_FAILING = text(
    """
    UPDATE webhook_endpoints SET
      failing_since = CASE WHEN reason = :ours AND NOT :is_ours THEN :at
                      ELSE coalesce(failing_since, :at) END,
      reason = :reason
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingStore:
    """The endpoints of all accounts, one at a time."""

    engine: Engine
    clock: Callable[[], datetime]

    def next(self, job: Job) -> Message | None:
        """What waits, else what has changed since it was told last, else nothing.

        Raises Throttled where what waits has its turn later.
        """
        with self._held(job) as db:
            endpoint = db.execute(_ENDPOINT, {"id": job.args["endpoint_id"]}).mappings().first()
            if endpoint is None:
                return None
            due = db.execute(_DUE, {"id": endpoint["id"]}).mappings().first()
            if due is not None and due["next_try_at"] > self.clock():
                raise Throttled("the endpoint's next try", until=due["next_try_at"])
            if due is None or due["kind"] == UNWRITTEN:
                due = self._written(db, endpoint, into=due)
            return None if due is None else _message(endpoint, due)

    def delivered(self, job: Job, message: Message, *, status: int) -> None:
        with self._held(job) as db:
            db.execute(_DELIVERED, {"id": message.id, "status": status, "at": self.clock()})
            db.execute(_WELL, {"id": message.endpoint_id})

    def failed(
        self,
        job: Job,
        message: Message,
        *,
        status: int | None,
        reason: str,
        for_good: bool,
        pause: timedelta | None,
    ) -> datetime | None:
        """When the endpoint has its next turn; None where it is sent nothing any more.

        Because a person said so, or because it is disabled, after days or by its own word:
        whoever looks after the account finds that on the page and in the audit.
        """
        now = self.clock()
        next_at = now + pause_after(message.attempts + 1, asked=pause)
        row = {"id": message.id, "status": status, "reason": reason, "next_at": next_at}
        with self._held(job) as db:
            if message.is_once and not for_good:
                db.execute(_FAILED, {**row, "state": MessageState.FAILED.value})
                return now
            since = _failing(db, message, reason=reason, at=now, is_ours=False)
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
        """A crash counts as a try that failed: else what waits would be a job at every tick.

        What could not even be put together is kept as a message to be written. An endpoint is
        never disabled for it: the fault is ours.
        """
        now, account_id = self.clock(), str(job.account_id)
        with transaction(self.engine, account_id=account_id) as db:
            endpoint = db.execute(_ENDPOINT, {"id": job.args["endpoint_id"]}).mappings().first()
            if endpoint is None:
                return
            due = db.execute(_DUE, {"id": endpoint["id"]}).mappings().first()
            if due is None:
                values = {"account_id": account_id, "endpoint_id": endpoint["id"], "at": now}
                made = {**values, "kind": UNWRITTEN, "content": "{}"}
                due = db.execute(_WRITE, made).mappings().one()
            message = _message(endpoint, due)
            if not message.is_once:
                _failing(db, message, reason=OUR_FAULT, at=now, is_ours=True)
            state = MessageState.FAILED if message.is_once else MessageState.DUE
            row = {"id": message.id, "status": None, "reason": OUR_FAULT, "state": state.value}
            db.execute(_FAILED, {**row, "next_at": now + pause_after(message.attempts + 1)})

    @contextmanager
    def _held(self, job: Job) -> Iterator[Db]:
        """A transaction of the account, for as long as the job is this attempt's."""
        with transaction(self.engine, account_id=str(job.account_id)) as db:
            guard(db, job)
            yield db

    def _written(
        self, db: Db, endpoint: RowMapping, *, into: RowMapping | None
    ) -> RowMapping | None:
        """Everything that changed since, as one message; the cursor is of before it."""
        now, account_id = self.clock(), endpoint["account_id"]
        since, horizon = endpoint["told_in"], certain(db)
        values = {
            "account_id": account_id,
            "since": since,
            "horizon": horizon,
            "most": MOST_IDS,
            "many": MANY,
        }
        found = db.execute(_CHANGED, values).mappings().one()
        if not found["rows"]:
            if into is not None:
                db.execute(_NOTHING_LEFT, {"id": into["id"]})
            return None
        db.execute(_TOLD_UNTIL, {"id": endpoint["id"], "horizon": horizon})
        before = place_below(db, account_id, since, life=life(db), at=now)
        told = {"kind": CHANGED, "content": _content(found, before)}
        if into is not None:
            return db.execute(_PUT_TOGETHER, {**told, "id": into["id"]}).mappings().one()
        values = {"account_id": account_id, "endpoint_id": endpoint["id"], "at": now}
        return db.execute(_WRITE, {**told, **values}).mappings().one()


def _failing(
    db: Db, message: Message, *, reason: str, at: datetime, is_ours: bool
) -> datetime | None:
    """Since when it fails; None where a person has said meanwhile that nothing is sent there."""
    values = {"id": message.endpoint_id, "at": at, "reason": reason}
    since: datetime | None = db.execute(
        _FAILING, {**values, "is_ours": is_ours, "ours": OUR_FAULT}
    ).scalar_one_or_none()
    return since


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
        is_once=written["kind"] == TEST or written["delivered_at"] is not None,
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
