"""Carrying a write that somebody asked for over the API, under their own name."""

from typing import TypeVar

from domain.desk import Opening
from domain.desk_calls import acts_for_caller
from domain.tools import ToolRequest
from domain.wishes import Wish
from domain.writes import KeptWrite
from workers.calls.carrying import ASKED_BY, carried

W = TypeVar("W", bound=Wish)


def begun(request: ToolRequest, shape: type[W]) -> W | None:
    """What was written under this key already, so that it is the same write again."""
    again = request.writes.by_key(request.write_key)
    wish = again.write.wish if again is not None else None
    return wish if isinstance(wish, shape) else None


def carry(request: ToolRequest, wish: Wish, *, opening: Opening | None = None) -> KeptWrite:
    by = ASKED_BY if acts_for_caller(request.call_id) else request.caller or "api"
    return carried(request, wish, opening=opening, asked_by=by)
