"""Who saw or changed what: one append-only row, in the transaction of the access itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import insert

from adapters.storage.tables import pms_audit_logs

LONGEST_AGENT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who is at the door and by which one; `elapsed_ms` tells how long the request took so far."""

    user: str
    endpoint: str | None = None
    method: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    trace_id: str | None = None
    elapsed_ms: Callable[[], int] | None = None


def record(  # noqa: PLR0913 - an audit row is what its columns say
    db: Db,
    access: Access,
    *,
    account_id: str,
    action: str,
    phi_fields: Sequence[str] = (),
    connection_id: UUID | None = None,
    patient_id: str | None = None,
    summary: str | None = None,
    status: int = 200,
    vapi_call_id: str | None = None,
    success: bool = True,
) -> None:
    """One row; `summary` names things by id and counts them, it never holds a value."""
    db.execute(
        insert(pms_audit_logs),
        {
            "account_id": account_id,
            "pms_integration_id": connection_id,
            "action": action,
            "endpoint": access.endpoint,
            "method": access.method,
            "user_id": access.user,
            "vapi_call_id": vapi_call_id,
            "ip_address": access.ip_address,
            "user_agent": access.user_agent and access.user_agent[:LONGEST_AGENT],
            "request_summary": summary,
            "response_status": status,
            "response_time": access.elapsed_ms() if access.elapsed_ms else None,
            "phi_accessed": bool(phi_fields),
            "phi_fields": list(phi_fields),
            "patient_id": patient_id,
            "success": success,
            "trace_id": access.trace_id,
        },
    )
