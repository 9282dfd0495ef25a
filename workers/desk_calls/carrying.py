"""Carrying a write that somebody asked for over the API, under their own name."""

from domain.desk import Opening
from domain.desk_calls import acts_for_caller
from domain.tools import ToolRequest
from domain.wishes import Wish
from domain.writes import KeptWrite
from workers.calls.carrying import ASKED_BY, carried


def carry(request: ToolRequest, wish: Wish, *, opening: Opening | None = None) -> KeptWrite:
    by = ASKED_BY if acts_for_caller(request.call_id) else request.caller or "api"
    return carried(request, wish, opening=opening, asked_by=by)
