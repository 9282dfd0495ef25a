"""What is asked of a practice's desk over the API: carried out, and told as a document."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import structlog

from domain import desk_calls as names
from domain.desk_calls import lacking
from domain.errors import BadInput, Gone, NeedsReconnect, Refused, SyncError, Throttled
from domain.tools import Tool, ToolAnswer, ToolRequest
from domain.writes import SlotTaken
from workers.desk_calls import booking, in_a_call, patients, records
from workers.desk_calls.documents import Already, Missing, NotDone, Said, Unproved, problem, said

log = structlog.get_logger()

Call = Callable[[ToolRequest], Said]

CALLS: Mapping[str, Call] = MappingProxyType(
    {
        names.APPOINTMENTS: booking.listed,
        names.AVAILABILITY: booking.availability,
        names.BOOK: booking.book,
        names.RESCHEDULE: booking.reschedule,
        names.CANCEL: booking.cancel,
        names.PATIENTS: patients.search,
        names.PATIENT: patients.one,
        names.CREATE_PATIENT: patients.create,
        names.UPDATE_PATIENT: patients.update,
        names.NOTES: records.notes,
        names.ADD_NOTE: records.add_note,
        names.INSURANCE: records.insurance,
        names.ADD_INSURANCE: records.add_insurance,
        names.BALANCE: records.balance,
        names.PAY: records.pay,
    }
)

AWAY = "The practice's system could not be reached; nothing was changed. Try again in a moment."
BUSY = "The practice's system takes no more requests just now; try again in a moment."
SIGNED_OUT = "The practice's system no longer lets us in; reconnect it in the settings."

PROBLEMS: tuple[tuple[type[SyncError], int, str], ...] = (
    (Unproved, 403, "{}"),
    (Already, 409, "{}"),
    (Missing, 404, "{}"),
    (Gone, 404, "The practice's system no longer has that."),
    (BadInput, 422, "{}"),
    (SlotTaken, 409, "{}"),
    (NotDone, 409, "The practice's system did not take it: {}"),
    (Refused, 409, "The practice's system refused that: {}"),
    (Throttled, 503, BUSY),
    (NeedsReconnect, 502, SIGNED_OUT),
)
"""The first that fits: what is answered, with what the error itself says."""


def desk_calls() -> Mapping[str, Tool]:
    """Every call by its name, as a tool of its own kind."""
    return {name: _guarded(name, call) for name, call in CALLS.items()}


def _guarded(name: str, call: Call) -> Tool:
    def answer(request: ToolRequest) -> ToolAnswer:
        why = lacking(name, can=request.desk.abilities, may=request.abilities)
        if why is not None:
            is_off = bool(names.NEEDS[name] & request.desk.abilities)
            return problem(409 if is_off else 501, why)
        try:
            if names.acts_for_caller(request.call_id):
                return said(in_a_call.asked(name, call, request))
            return said(call(request))
        except SyncError as trouble:
            return _problem(name, trouble)

    return answer


def _problem(name: str, trouble: SyncError) -> ToolAnswer:
    for kind, status, words in PROBLEMS:
        if isinstance(trouble, kind):
            return problem(status, words.format(trouble))
    log.warning("tool.failed", tool=name, error_kind=trouble.kind, error=str(trouble))
    return problem(503, AWAY)
