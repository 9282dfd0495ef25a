"""What /openapi.json says of answers told as the views they are made of, without a model."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, get_type_hints
from uuid import UUID

from pydantic import TypeAdapter

from adapters.storage.audit.audit_search import Seen
from adapters.storage.by_hand.conflict_list import Listed, RuleCount
from adapters.storage.by_hand.run_undoing import Undone
from adapters.storage.by_hand.settling import Shown
from adapters.storage.outgoing.endpoints import Endpoint, Told
from adapters.storage.people.agreements import Agreement
from adapters.storage.runs.runs import LoggedRun
from adapters.storage.sheet.overlap_policies import OverlapPolicies
from adapters.storage.sheet.sheet_changes import RowChange
from adapters.storage.tables import COUNTERS
from domain.accesses import Noticed
from domain.backfills import Backfill
from domain.drift import Drift
from domain.history import Past
from domain.sheet import (
    Column,
    ConnectionView,
    EntryView,
    OtherVisit,
    OverlapView,
    RunView,
    WaitingView,
)
from producers.describing_practice import CALLERS, PRACTICE

Fields = Mapping[str, Any]
"""The names of an object, each with its type or the names of the object it holds."""

REFER = "#/components/schemas/{model}"


def _of(view: type, *names: str) -> Fields:
    """Those of its fields, or all."""
    hints = get_type_hints(view)
    return {name: hints[name] for name in names or hints}


CURSOR: Fields = {"next_cursor": str | None}
JOB: Fields = {"job_id": int}
ENTRY: Fields = {"appointment": EntryView}
SETTLED: Fields = {**ENTRY, "settled_at": datetime}
SYNC: Fields = {
    "connections": Sequence[ConnectionView],
    "runs": Sequence[RunView],
    "waiting": Sequence[WaitingView],
}
RUN: Fields = {
    **_of(LoggedRun, "id", "connection_id", "job_id", "sync_type", "status", "dry_run"),
    "started_at": datetime,
    "from": date,
    "to": date,
    "completed_at": datetime | None,
    "seconds": float | None,
    **_of(LoggedRun, *COUNTERS, "queries_done", "queries_total"),
    "errors": Sequence[str],
    "backfill_id": UUID | None,
    "may_be_approved": bool,
    **_of(LoggedRun, "approved_at", "approved_by", "approved_job_id"),
    "compared": str | None,
    **_of(LoggedRun, "undone_at", "trace_id"),
}
BACKFILL: Fields = {
    **_of(Backfill, "id", "connection_id"),
    "from": date,
    "to": date,
    **_of(Backfill, "state", "reason"),
    "days_done": int,
    "days_total": int,
    "seconds_left": float | None,
    **_of(Backfill, "asked_by", "asked_at", "ended_at"),
}
HOOK: Fields = {"header": str, "urls": Mapping[str, str]}
PLACED: Fields = {
    "id": UUID | None,
    "linked": bool,
    "outcome": str,
    "reason": str | None,
    "overlaps": Sequence[OtherVisit] | None,
}
DELIVERY: Fields = {"id": UUID, "state": str, "received_at": datetime}

ANSWERS: Mapping[str, Fields] = {
    "get /api/run-sheet": {
        "first_day": date,
        "last_day": date,
        "seq": int,
        "clinicians": Sequence[Column],
        "appointments": Sequence[EntryView],
        "overlaps": Sequence[OverlapView],
        **CURSOR,
        "pms_status": SYNC,
    },
    "get /api/run-sheet/changes": {
        "changes": Sequence[RowChange],
        "clinicians": Sequence[Column],
        "next_cursor": str,
        "more": bool,
    },
    "post /api/run-sheet/appointments": {"appointments": [PLACED]},
    "get /api/run-sheet/appointments/{entry_id}": ENTRY,
    "patch /api/run-sheet/appointments/{entry_id}": {**ENTRY, "warning": str | None},
    "delete /api/run-sheet/appointments/{entry_id}": ENTRY,
    "post /api/run-sheet/appointments/{entry_id}/revert": ENTRY,
    "post /api/run-sheet/appointments/{entry_id}/undo": ENTRY,
    "post /api/run-sheet/appointments/{entry_id}/put-back": ENTRY,
    "get /api/run-sheet/appointments/{entry_id}/history": {"history": Sequence[Past]},
    "patch /api/run-sheet/clinicians/{clinician_id}": {"clinician": Column},
    "get /api/run-sheet/overlap-policy": _of(OverlapPolicies),
    "patch /api/run-sheet/overlap-policy": _of(OverlapPolicies),
    "get /api/run-sheet/sync": {"sync": {**SYNC, "workers": int}},
    "post /api/run-sheet/sync": {"jobs": [{"id": int, "connection_id": UUID}]},
    "get /api/conflicts": {
        "conflicts": [{**_of(Listed), "can_undo": bool}],
        "rules": Sequence[RuleCount],
        "total": int,
        **CURSOR,
    },
    "post /api/conflicts/settle": {
        "settled": int | None,
        "left": int | None,
        "ids": Sequence[UUID] | None,
        "settled_at": datetime | None,
        "count": int | None,
        "total": int | None,
        "conflicts": Sequence[Shown] | None,
    },
    "post /api/conflicts/{conflict_id}/settle": SETTLED,
    "post /api/run-sheet/conflicts/{conflict_id}/settle": SETTLED,
    "post /api/conflicts/{conflict_id}/undo": {"id": UUID},
    "post /api/conflicts/undo": {"opened": int, "left": int, "ids": Sequence[UUID]},
    "post /api/pms/runs/{run_id}/undo": {"undone": Undone},
    "post /api/pms/runs/{run_id}/redo": {"redone": Undone},
    "get /api/deliveries": {"deliveries": [DELIVERY], **CURSOR},
    "post /api/deliveries/{delivery_id}/replay": JOB,
    "get /api/pms/connections/{connection_id}/drift": {"drift": [{**_of(Drift), "sentence": str}]},
    "post /api/pms/connections/{connection_id}/sync": JOB,
    "get /api/pms/connections/{connection_id}/sync": {"runs": [RUN], **CURSOR},
    "get /api/pms/sync": {"sync": {**SYNC, "running": Sequence[RunView], "workers": int}},
    "get /api/pms/runs/{run_id}": {"run": RUN},
    "post /api/pms/runs/{run_id}/approve": JOB,
    "post /api/pms/runs/{run_id}/discard": {"run": RUN},
    "post /api/pms/connections/{connection_id}/backfills": {"backfill": BACKFILL},
    "get /api/pms/connections/{connection_id}/backfills": {"backfills": [BACKFILL], **CURSOR},
    "post /api/pms/backfills/{backfill_id}/pause": {"backfill": BACKFILL},
    "post /api/pms/backfills/{backfill_id}/resume": {"backfill": BACKFILL},
    "post /api/pms/backfills/{backfill_id}/cancel": {"backfill": BACKFILL},
    "get /api/pms/connections/{connection_id}/webhooks": {"made_at": datetime | None, **HOOK},
    "post /api/pms/connections/{connection_id}/webhooks": {"key": str, **HOOK},
    "delete /api/pms/connections/{connection_id}/webhooks": {},
    "get /api/webhook-endpoints": {"endpoints": Sequence[Endpoint]},
    "post /api/webhook-endpoints": {"id": UUID, "secret": str},
    "post /api/webhook-endpoints/{endpoint_id}/rotate": {
        "secret": str,
        "both_valid_until": datetime,
    },
    "post /api/webhook-endpoints/{endpoint_id}/test": {"message_id": UUID},
    "post /api/webhook-endpoints/{endpoint_id}/pause": {},
    "post /api/webhook-endpoints/{endpoint_id}/resume": {},
    "delete /api/webhook-endpoints/{endpoint_id}": {},
    "get /api/webhook-endpoints/messages": {"messages": Sequence[Told], **CURSOR},
    "post /api/webhook-endpoints/messages/{message_id}/redeliver": {},
    "get /api/audit": {"accesses": Sequence[Seen], **CURSOR},
    "get /api/audit/patients/{patient_id}": {"accesses": Sequence[Seen]},
    "get /api/audit/findings": {"findings": Sequence[Noticed]},
    "post /api/audit/findings/{finding_id}/acknowledge": {"finding": Noticed},
    "get /api/agreements": {"agreements": Sequence[Agreement]},
    "post /api/agreements": {"agreement": Agreement},
    "get /api/features": {"features": Mapping[str, bool]},
    "patch /api/features": {"features": Mapping[str, bool]},
    **PRACTICE,
}


def described(method: str, path: str, schemas: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of that operation's success, its parts laid among `schemas`; None if not here."""
    named = f"{method.lower()} {path}"
    if named in CALLERS:
        return _object(CALLERS[named], schemas)
    fields = ANSWERS.get(named)
    return None if fields is None else _object({"success": True, **fields}, schemas)


def _object(fields: Fields, schemas: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: _schema(what, schemas) for name, what in fields.items()},
    }


def _schema(what: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    if what is True:
        return {"type": "boolean", "const": True}
    if isinstance(what, Mapping):
        return _object(what, schemas)
    if isinstance(what, list):
        return {"type": "array", "items": _object(what[0], schemas)}
    made = TypeAdapter(what).json_schema(ref_template=REFER, mode="serialization")
    schemas.update(made.pop("$defs", {}))
    return made
