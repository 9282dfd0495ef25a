"""Every route there is, who may use it, and a request that gets as far as looking for the row."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from domain.people import Permission

PUBLIC: Mapping[str, str] = {
    "GET /healthz": "whether the process lives",
    "GET /readyz": "whether it can serve, without a name of anything",
    "GET /metrics": "numbers only; a proxy keeps it inside",
    "GET /static/grid.css": "a style sheet",
    "GET /login": "signing in",
    "POST /login": "signing in; the link is the proof",
    "POST /logout": "ends the session it comes with, and asks for its CSRF token",
    "POST /webhooks/{vendor}/{event}": "proves itself by the vendor's signature or key",
    "POST /pms/sikka/webhook/authorize": "proves itself by Sikka's key, and changes nothing alone",
    "POST /vapi/oauth/token": "proves itself by Vapi's client secret",
    "POST /twilio/status": "proves itself by Twilio's signature",
    "POST /twilio/inbound": "proves itself by Twilio's signature",
    "POST /vapi/webhook": "proves itself by Vapi's credential",
    "POST /vapi/tools/{tool}": "proves itself by Vapi's credential",
}
"""Routes that ask nobody who they are, and why that is right."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One method of one route."""

    method: str
    path: str
    permission: Permission | None
    route: APIRoute

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def params(self) -> list[str]:
        return [param.name for param in self.route.dependant.path_params]

    @property
    def by_query(self) -> list[str]:
        """Names of an id in the query, however deep the dependency that reads it."""
        params = [param.alias for one in _all(self.route.dependant) for param in one.query_params]
        named = {name for name in params if name.endswith("_id") or name == "connectionId"}
        return sorted(named)


def every_route(app: FastAPI) -> list[Asked]:
    return [
        Asked(method, route.path, _permission(route.dependant), route)
        for route in _flat(app.routes)
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]


def other_routes(app: FastAPI) -> set[str]:
    """The paths of what is no route of ours: files, and what the framework itself answers."""
    return {
        getattr(one, "path", repr(one))
        for one in _flat(app.routes)
        if not isinstance(one, APIRoute)
    }


def _flat(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """FastAPI keeps an included router as one entry."""
    for route in routes:
        router = getattr(route, "original_router", None)
        if isinstance(router, APIRouter):
            yield from _flat(router.routes)
        else:
            yield route


def _permission(dependant: Dependant) -> Permission | None:
    for one in _all(dependant):
        for call in _within(one.call):
            found = inspect.getclosurevars(call).nonlocals.get("permission")
            if isinstance(found, Permission):
                return found
    return None


def _within(call: Callable[..., Any] | None) -> Iterator[Callable[..., Any]]:
    """A dependency of ours, and the ones it was made around."""
    if not inspect.isfunction(call):
        return
    yield call
    for one in inspect.getclosurevars(call).nonlocals.values():
        yield from _within(one)


def _all(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for one in dependant.dependencies:
        yield from _all(one)


DAYS = {"from": "2026-11-23", "to": "2026-11-24"}
BODIES: Mapping[str, Any] = {
    "POST /api/run-sheet/appointments": {
        "source": "manual",
        "start": "2026-11-23T14:00",
        "patient_name": "Nobody Real",
        "clinician_id": "{clinician_id}",
        "timezone": "Australia/Melbourne",
    },
    "PATCH /api/run-sheet/appointments/{entry_id}": {"status": "arrived"},
    "POST /api/run-sheet/appointments/{entry_id}/revert": {"field": "status"},
    "POST /api/run-sheet/appointments/{entry_id}/undo": {"step": "last"},
    "PATCH /api/run-sheet/clinicians/{clinician_id}": {"name": "Dr Not Theirs"},
    "POST /api/conflicts/settle": {
        "choice": "mine",
        "conflicts": [{"id": "{conflict_id}", "version": 1}],
    },
    "POST /api/conflicts/{conflict_id}/settle": {"choice": "mine"},
    "POST /api/run-sheet/conflicts/{conflict_id}/settle": {"choice": "mine"},
    "POST /api/conflicts/undo": {"ids": ["{conflict_id}"]},
    "PATCH /api/pms/connections/{connection_id}": {"name": "Not theirs"},
    "POST /api/pms/connections/{connection_id}/pair": {"code": "ABCDEF"},
    "POST /api/pms/connections/{connection_id}/credentials": {"secrets": {"client_id": "x"}},
    "POST /api/pms/connections/{connection_id}/practitioners": {
        "mappings": [{"pms_id": "1", "action": "skip"}]
    },
    "PATCH /api/pms/connections/{connection_id}/appointment-types": {
        "types": [{"type_id": "1", "is_telehealth": True}]
    },
    "POST /api/pms/connections/{connection_id}/backfills": DAYS,
    "POST /api/pms/connections/{connection_id}/sync": DAYS,
    "POST /api/run-sheet/sync": {"connection_id": "{connection_id}"},
    "POST /api/pms/test-connection": {"integrationId": "{connection_id}"},
    "POST /api/advancedmd/patients/{link_id}/link": {"pms_patient_id": "77"},
    "POST /api/advancedmd/appointments/bulk-sync": {
        "connection_id": "{connection_id}",
        **DAYS,
    },
    "POST /api/advancedmd/appointments/pull-updates": {"connection_id": "{connection_id}"},
    "POST /api/jobs/{act}": {"matching": {"connection_id": "{connection_id}"}, "count": 1},
    "POST /api/jobs/{job_id}/{act}": {"reason": "a test"},
    "POST /api/queues/{queue}/pause": {"reason": "a test"},
}
"""What a request must say to be looked at; `{...}` is the id of somebody else's row."""

WORDS: Mapping[str, str] = {
    "act": "retry",
    "queue": "default",
    "vendor": "gentu",
    "event": "x",
    "tool": "x",
}
"""Path parameters that name nothing of an account."""

TABLES: Mapping[str, str] = {
    "connection_id": "pms_connections",
    "connectionId": "pms_connections",
    "entry_id": "run_sheet_appointments",
    "clinician_id": "run_sheet_clinicians",
    "conflict_id": "run_sheet_conflicts",
    "run_id": "pms_sync_log",
    "backfill_id": "pms_backfills",
    "check_id": "pms_connection_checks",
    "delivery_id": "deliveries",
    "job_id": "jobs",
    "link_id": "patient_links",
    "write_id": "pms_writes",
    "untold_id": "pms_writes",
    "authorisation_id": "pms_authorisations",
    "finding_id": "audit_findings",
    "endpoint_id": "webhook_endpoints",
    "message_id": "webhook_messages",
}
"""Whose row a parameter names."""

OUTSIDE: Mapping[str, str] = {
    "appointment_id": "of-a-visit",
    "patient_id": "of-a-patient",
    "trace_id": "of-a-trail",
}
"""Ids of a PMS: they name nothing by themselves, and are looked for at one's own practice."""
