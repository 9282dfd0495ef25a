"""Carrying a tool call's write to the practice, and telling truthfully what became of it."""

from dataclasses import replace

import structlog

from domain.desk import Opening, PracticeDesk
from domain.errors import SyncError
from domain.tools import ToolRequest
from domain.wishes import Wish, Write
from domain.writes import NOT_YET_SENT, Hold, KeptWrite, NewWrite, SlotTaken, WriteState

log = structlog.get_logger()

NEVER_LEFT = NOT_YET_SENT | {WriteState.WITHDRAWN, WriteState.FAILED}
ASKED_BY = "call"


def carried(
    request: ToolRequest, wish: Wish, *, opening: Opening | None = None, asked_by: str = ASKED_BY
) -> KeptWrite:
    """The write as far as it got; SlotTaken where its time is somebody else's.

    Whatever went wrong on the way, a write that may have left is told of and followed.
    """
    new = _new(request, wish, asked_by)
    if opening is not None:
        new = replace(new, hold=_hold(request.desk, opening))
    try:
        return request.writer.do(new, until=request.until)
    except SlotTaken:
        raise
    except Exception as trouble:
        kept = request.writes.by_key(request.write_key)
        if kept is None or kept.state in NEVER_LEFT:
            raise
        tell = log.warning if isinstance(trouble, SyncError) else log.exception
        kind = type(trouble).__name__
        tell("write.in_doubt", write_id=str(kept.id), state=kept.state.value, error_kind=kind)
        return kept


def asked_before(request: ToolRequest, wish: Wish) -> KeptWrite | None:
    """What became of the same wish, in this call or under way from another, if it is not new."""
    return request.writes.same(_new(request, wish, ASKED_BY))


def _new(request: ToolRequest, wish: Wish, asked_by: str) -> NewWrite:
    return NewWrite(
        connection_id=request.connection.id,
        write=Write(wish=wish),
        key=request.write_key,
        asked_by=asked_by,
        trace_id=request.trace_id,
        call_id=request.call_id,
        once=asked_by == ASKED_BY,
    )


def _hold(desk: PracticeDesk, opening: Opening) -> Hold:
    return Hold(practice=desk.held_as, window=opening.window, resources=opening.resources)
