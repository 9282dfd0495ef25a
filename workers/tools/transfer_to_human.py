"""transfer-to-human: passes the call on to somebody at the practice; nothing of a patient in it."""

from domain.desk import Ability
from domain.tools import ToolAnswer, ToolRequest

NAME = "transfer-to-human"
ABILITIES: frozenset[Ability] = frozenset()
PHI: tuple[str, ...] = ()

NOBODY = "Nobody can be reached at the moment. Please call back later, or can I help otherwise?"
CONNECTING = "I am connecting you with the practice now. Please stay on the line."
NOT_YET = "You are not connected yet. I can connect you with the transferCall tool."
"""For an assistant, which has that tool of Vapi's own; a caller who hears it is told no untruth."""


def answer(request: ToolRequest) -> ToolAnswer:
    """By Live Call Control where the call allows it, else by the assistant's own transfer.

    That one asks us where to, and is told the same number.
    """
    if not request.transfer_to:
        return ToolAnswer(text=NOBODY)
    url, number = request.control_url, request.transfer_to[0]
    is_connecting = url is not None and request.control.transfer(url, number)
    return ToolAnswer(text=CONNECTING if is_connecting else NOT_YET)
