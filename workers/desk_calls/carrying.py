"""Carrying a write that somebody asked for over the API, under their own name."""

from domain.desk import Opening
from domain.tools import ToolRequest
from domain.wishes import Wish
from domain.writes import KeptWrite
from workers.calls.carrying import carried


def carry(request: ToolRequest, wish: Wish, *, opening: Opening | None = None) -> KeptWrite:
    return carried(request, wish, opening=opening, asked_by=request.caller or "api")
