"""The jobs this product knows, made from what caused them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from domain.connections import Connection
from domain.jobs import NewJob, Queue
from domain.runs import SyncType
from domain.writes import KeptWrite

SYNC = "sync"
RENEW_TOKEN = "renew_token"  # noqa: S105 - a kind of job
PRUNE = "prune"
REFETCH = "refetch"
CHECK = "check_connection"
ANSWER = "answer_tool_call"
SETTLE = "settle_write"
AUTHORISE = "authorise"
SEND_TEXT = "send_text"
DESK_CALL = "desk_call"
PUSH_ENTRY = "push_entry"
PUSH_RANGE = "push_range"
LINK_PATIENT = "link_patient"
CHAIN_AUDIT = "chain_audit"
WATCH_ACCESS = "watch_access"
SUMMARISE = "summarise"
TELL_ENDPOINT = "tell_endpoint"
EMPTY = "empty_left_out"

BACKFILL = -5
WHILE_QUIET = -1
"""A practice that is shut makes room for those that are open."""

BY_SCHEDULE = 0
BY_WEBHOOK = BY_SCHEDULE
"""No more urgent than the timetable: a stream of webhooks must not keep a practice from it."""

BY_A_PERSON = 5
AFTER_A_CALL = 8
WHILE_SOMEBODY_LOOKS_ON = 10


def sync_job(  # noqa: PLR0913 - a job is what its arguments say
    *,
    account_id: str,
    connection_id: UUID,
    vendor: str,
    first_day: date,
    last_day: date,
    sync_type: SyncType = SyncType.FULL,
    dry_run: bool = False,
    allow_removals: bool = False,
    record: bool = False,
    approved_run: UUID | None = None,
    backfill_id: UUID | None = None,
    due_at: datetime | None = None,
    priority: int | None = None,
) -> NewJob:
    """One pass over a connection's practice-local days, both included; the days are fixed here.

    `approved_run` is a dry run whose removals a person approved; `backfill_id` what it is part of.
    """
    args = {
        "sync_type": sync_type.value,
        "dry_run": dry_run,
        "allow_removals": allow_removals,
        "record": record,
        **_texts(first_day=first_day, last_day=last_day),
        **_texts(approved_run=approved_run, backfill_id=backfill_id),
    }
    return NewJob(
        kind=SYNC,
        queue=Queue.SYNC,
        account_id=account_id,
        connection_id=connection_id,
        vendor=vendor,
        args=args,
        dedupe_key=f"sync:{connection_id}:{first_day}:{last_day}:{_mode(args)}",
        exclusive_key=f"sync:{connection_id}",
        priority=_urgency(sync_type, backfill_id) if priority is None else priority,
        due_at=due_at,
    )


def _texts(**given: object) -> dict[str, str | None]:
    """Ids and days as a job holds them."""
    return {name: None if one is None else str(one) for name, one in given.items()}


def _mode(args: Mapping[str, Any]) -> str:
    """Whoever asks for more than a sync that waits already would do gets a job of their own."""
    also = {
        "removals": args["allow_removals"],
        "recorded": args["record"],
        "changes": args["sync_type"] == SyncType.INCREMENTAL,
        args["approved_run"]: args["approved_run"],
        args["backfill_id"]: args["backfill_id"],
    }
    wet = "dry" if args["dry_run"] else "wet"
    return "+".join([wet, *(name for name, is_so in also.items() if is_so)])


def _urgency(sync_type: SyncType, backfill_id: UUID | None) -> int:
    if backfill_id is not None:
        return BACKFILL
    return BY_A_PERSON if sync_type is SyncType.MANUAL else BY_SCHEDULE


def renew_token_job(*, account_id: str, connection_id: UUID, vendor: str) -> NewJob:
    """Buy the next token before the present one ends."""
    return NewJob(
        kind=RENEW_TOKEN,
        account_id=account_id,
        connection_id=connection_id,
        vendor=vendor,
        dedupe_key=f"renew:{connection_id}",
        exclusive_key=f"renew:{connection_id}",
        max_seconds=120,
    )


def check_job(*, account_id: str, connection_id: UUID, vendor: str, check_id: UUID) -> NewJob:
    """Try a connection while somebody waits for the answer; one check of it at a time."""
    return NewJob(
        kind=CHECK,
        account_id=account_id,
        connection_id=connection_id,
        vendor=vendor,
        args={"check_id": str(check_id)},
        exclusive_key=f"check:{connection_id}",
        priority=WHILE_SOMEBODY_LOOKS_ON,
        max_seconds=600,
    )


def empty_job(*, account_id: str, connection_id: UUID, vendor: str) -> NewJob:
    """Empty stored rows of what is left out by now; never beside a sync that may not know of it."""
    return NewJob(
        kind=EMPTY,
        account_id=account_id,
        connection_id=connection_id,
        vendor=vendor,
        dedupe_key=f"empty:{connection_id}",
        exclusive_key=f"sync:{connection_id}",
    )


def chore_job(kind: str, *, max_seconds: int = 600) -> NewJob:
    """What is done for all accounts at once: cleared away, chained, looked through, summed up."""
    return NewJob(kind=kind, dedupe_key=kind, exclusive_key=kind, max_seconds=max_seconds)


def refetch_job(
    *, account_id: str, connection_id: UUID, vendor: str, due_at: datetime | None = None
) -> NewJob:
    """Look up what the connection's stored deliveries name; never while a sync of it runs."""
    return NewJob(
        kind=REFETCH,
        queue=Queue.SYNC,
        account_id=account_id,
        connection_id=connection_id,
        vendor=vendor,
        dedupe_key=f"refetch:{connection_id}",
        exclusive_key=f"sync:{connection_id}",
        priority=BY_WEBHOOK,
        due_at=due_at,
    )


def tool_call_job(
    kind: str,
    *,
    account_id: str,
    connection_id: UUID | None,
    vendor: str | None,
    tool_call: UUID,
    trace_id: str,
) -> NewJob:
    """Answer a caller who waits, or ask a practice's desk for somebody at our API, who waits too.

    What is asked is in the row that is named. Callers go before: their queue is their own.
    """
    return NewJob(
        kind=kind,
        queue=Queue.VOICE if kind == ANSWER else Queue.DEFAULT,
        account_id=account_id,
        connection_id=connection_id,
        vendor=vendor,
        args={"tool_call": str(tool_call)},
        priority=WHILE_SOMEBODY_LOOKS_ON,
        trace_id=trace_id,
        max_seconds=60,
    )


def settle_job(
    *,
    account_id: str,
    connection_id: UUID,
    write_id: UUID,
    trace_id: str,
) -> NewJob:
    """Follow a write that was not settled while its caller waited; a text tells them the end."""
    return NewJob(
        kind=SETTLE,
        account_id=account_id,
        connection_id=connection_id,
        args={"write_id": str(write_id)},
        dedupe_key=f"settle:{write_id}",
        exclusive_key=f"settle:{write_id}",
        priority=AFTER_A_CALL,
        trace_id=trace_id,
        max_seconds=300,
    )


def following_job(write: KeptWrite) -> NewJob:
    """The same of a write that is at hand, in its own trail."""
    return settle_job(
        account_id=write.account_id,
        connection_id=write.connection_id,
        write_id=write.id,
        trace_id=write.trace_id,
    )


def send_text_job(*, account_id: str, text_id: UUID, trace_id: str | None) -> NewJob:
    """Send a text that is kept, to somebody who waits for it."""
    return NewJob(
        kind=SEND_TEXT,
        account_id=account_id,
        args={"text_id": str(text_id)},
        dedupe_key=f"text:{text_id}",
        exclusive_key=f"text:{text_id}",
        priority=AFTER_A_CALL,
        trace_id=trace_id,
        max_seconds=300,
    )


def tell_endpoint_job(*, account_id: str, endpoint_id: UUID) -> NewJob:
    """Tell an account's own program what it has not heard yet, one message after the other."""
    return NewJob(
        kind=TELL_ENDPOINT,
        account_id=account_id,
        args={"endpoint_id": str(endpoint_id)},
        dedupe_key=f"tell:{endpoint_id}",
        exclusive_key=f"tell:{endpoint_id}",
        priority=BY_WEBHOOK,
        max_seconds=300,
    )


def authorise_job(*, account_id: str | None = None, due_at: datetime | None = None) -> NewJob:
    """Settle every office that let us in, by what the marketplace's vendor itself lists.

    One at a time for all accounts; with an account, somebody of it waits for the answer.
    """
    return NewJob(
        kind=AUTHORISE,
        account_id=account_id,
        vendor="sikka",
        dedupe_key=f"authorise:{account_id or ''}",
        exclusive_key="authorise",
        priority=WHILE_SOMEBODY_LOOKS_ON if account_id else BY_WEBHOOK,
        due_at=due_at,
        max_seconds=600,
    )


def push_entry_job(
    connection: Connection,
    *,
    entry_id: UUID,
    create: bool = False,
    read_first: bool = False,
    range_id: int | None = None,
    priority: int = BY_A_PERSON,
) -> NewJob:
    """Bring a row to its PMS, one attempt at a time; with `create` one that no PMS has yet.

    With `read_first` what the PMS says is read in any case. `range_id` is the job that asked for
    it together with others.
    """
    return NewJob(
        kind=PUSH_ENTRY,
        account_id=connection.account_id,
        connection_id=connection.id,
        vendor=connection.vendor,
        args={
            "entry_id": str(entry_id),
            "create": create,
            "read_first": read_first,
            "range_id": range_id,
        },
        dedupe_key=f"push:{entry_id}:{connection.id}:{create}:{read_first}:{range_id or ''}",
        exclusive_key=f"push:{entry_id}",
        priority=priority,
        max_seconds=300,
    )


def push_range_job(
    connection: Connection, *, first_day: date | None = None, last_day: date | None = None
) -> NewJob:
    """Bring every row of those days that is owed to its PMS; without days whatever waits for it."""
    span = {"first_day": first_day, "last_day": last_day}
    return NewJob(
        kind=PUSH_RANGE,
        account_id=connection.account_id,
        connection_id=connection.id,
        vendor=connection.vendor,
        args={name: day and day.isoformat() for name, day in span.items()},
        dedupe_key=f"push-range:{connection.id}:{first_day}:{last_day}",
        exclusive_key=f"push-range:{connection.id}",
        priority=BY_SCHEDULE,
        max_seconds=3600,
    )


def link_patient_job(
    connection: Connection, *, link_id: UUID, entry_id: UUID | None = None
) -> NewJob:
    """Look for somebody of ours among a PMS's patients; then the row that waits for it goes out."""
    return NewJob(
        kind=LINK_PATIENT,
        account_id=connection.account_id,
        connection_id=connection.id,
        vendor=connection.vendor,
        args={"link_id": str(link_id), "entry_id": entry_id and str(entry_id)},
        dedupe_key=f"link:{link_id}",
        exclusive_key=f"link:{link_id}",
        priority=BY_A_PERSON,
        max_seconds=300,
    )
