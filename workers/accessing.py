"""Whose access a tool call was: a caller's through Vapi, or a person's through our API."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import Access, record
from adapters.storage.phone.tool_calls import ClaimedToolCall
from domain.desk_calls import ROUTES, acts_for_caller, is_api
from domain.tools import NO_PRACTICE, ToolAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """What the audit row says of it."""

    user: str
    action: str
    method: str
    endpoint: str
    vapi_call_id: str | None = None


def note(db: Db, claimed: ClaimedToolCall, said: ToolAnswer, *, now: datetime) -> None:
    """The audit's row of an answer; of a list of patients one for each of them."""
    who = by_whom(claimed)
    elapsed = round((now - claimed.created_at).total_seconds() * 1000)
    access = Access(
        user=who.user,
        endpoint=who.endpoint,
        method=who.method,
        ip_address=claimed.asked_from,
        user_agent=claimed.asked_with,
        trace_id=claimed.trace_id,
        elapsed_ms=lambda: elapsed,
    )
    for patient_id in said.listed or (said.patient_id,):
        record(
            db,
            access,
            account_id=claimed.account_id,
            action=who.action,
            phi_fields=said.phi_fields,
            connection_id=claimed.connection_id,
            patient_id=patient_id,
            summary=f"tool call {claimed.id}" + (f", {said.told}" if said.told else ""),
            status=_status(claimed, said),
            vapi_call_id=who.vapi_call_id,
            success=not said.is_error,
        )


def _status(claimed: ClaimedToolCall, said: ToolAnswer) -> int:
    """Callers are answered 200 whatever is said; a sentence of the frame is a problem to others."""
    if not (is_api(claimed.tool) and said.is_error and said.status == HTTPStatus.OK):
        return said.status
    none = said.text == NO_PRACTICE
    return HTTPStatus.NOT_FOUND if none else HTTPStatus.SERVICE_UNAVAILABLE


def by_whom(claimed: ClaimedToolCall) -> Who:
    if is_api(claimed.tool):
        method, endpoint = ROUTES[claimed.tool]
        by_assistant = acts_for_caller(claimed.call_id)
        return Who(
            user="vapi" if by_assistant else claimed.caller or "api",
            action=claimed.tool,
            method=method,
            endpoint=endpoint,
            vapi_call_id=claimed.call_id if by_assistant else None,
        )
    return Who(
        user="vapi",
        action=f"vapi.{claimed.tool}",
        method="POST",
        endpoint=f"/vapi/tools/{claimed.tool}",
        vapi_call_id=claimed.call_id,
    )
