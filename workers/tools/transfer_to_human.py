"""transfer-to-human: passes the call on to somebody at the practice; nothing of a patient in it."""

from domain.desk import Ability
from domain.tools import ToolAnswer, ToolRequest

NAME = "transfer-to-human"
ABILITIES: frozenset[Ability] = frozenset()
PHI: tuple[str, ...] = ()

NOBODY = "Nobody can be reached at the moment. Shall I take a message, or can I help otherwise?"
CONNECTING = "I am connecting you with the practice now. Please stay on the line."


def answer(request: ToolRequest) -> ToolAnswer:
    """By Live Call Control where the call allows it, else by the assistant's own transfer.

    That one asks us where to, and is told the same number.
    """
    if not request.transfer_to:
        return ToolAnswer(text=NOBODY)
    if request.control_url is not None:
        request.control.transfer(request.control_url, request.transfer_to[0])
    return ToolAnswer(text=CONNECTING)
