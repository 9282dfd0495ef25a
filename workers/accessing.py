"""Whose access a tool call was: a caller's through Vapi, or a person's through our API."""

from dataclasses import dataclass

from adapters.storage.tool_calls import ClaimedToolCall
from domain.desk_calls import ROUTES, acts_for_caller, is_api


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """What the audit row says of it."""

    user: str
    action: str
    method: str
    endpoint: str
    vapi_call_id: str | None = None


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
