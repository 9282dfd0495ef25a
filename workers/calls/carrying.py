"""Carrying a tool call's write to the practice, and telling truthfully what became of it."""

from domain.connections import Connection
from domain.desk import Opening
from domain.tools import ToolRequest
from domain.wishes import Wish, Write
from domain.writes import NOT_YET_SENT, Hold, KeptWrite, NewWrite, SlotTaken, WriteState

NEVER_LEFT = NOT_YET_SENT | {WriteState.WITHDRAWN, WriteState.FAILED}
ASKED_BY = "call"


def carried(
    request: ToolRequest, wish: Wish, *, opening: Opening | None = None, asked_by: str = ASKED_BY
) -> KeptWrite:
    """The write as far as it got; SlotTaken where its time is somebody else's.

    Whatever went wrong on the way, a write that may have left is told of and followed.
    """
    new = NewWrite(
        connection_id=request.connection.id,
        write=Write(wish=wish),
        key=request.write_key,
        asked_by=asked_by,
        trace_id=request.trace_id,
        call_id=request.call_id,
        hold=_hold(request.connection, opening) if opening else None,
    )
    try:
        return request.writer.do(new, until=request.until)
    except SlotTaken:
        raise
    except Exception:
        kept = request.writer.asked(request.write_key)
        if kept is None or kept.state in NEVER_LEFT:
            raise
        return kept


def _hold(connection: Connection, opening: Opening) -> Hold:
    return Hold(
        practice=f"{connection.vendor}/{connection.site}",
        window=opening.window,
        resources=opening.resources,
    )
