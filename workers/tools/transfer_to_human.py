"""transfer-to-human: passes the call on to somebody at the practice; nothing of a patient in it."""

from collections.abc import Sequence

from domain.desk import Ability
from domain.tools import CallControl, ToolAnswer, ToolRequest

NAME = "transfer-to-human"
ABILITIES: frozenset[Ability] = frozenset()
PHI: tuple[str, ...] = ()

NOBODY = "Nobody can be reached at the moment. Please call back later, or can I help otherwise?"
CONNECTING = "I am connecting you with the practice now. Please stay on the line."
NOT_YET = "You are not connected yet. I can connect you with the transferCall tool."
"""For an assistant, which has that tool of Vapi's own; a caller who hears it is told no untruth."""


def answer(request: ToolRequest) -> ToolAnswer:
    return handed_over(request.transfer_to, request.control_url, request.control)


def handed_over(
    numbers: Sequence[str], control_url: str | None, control: CallControl
) -> ToolAnswer:
    """By Live Call Control where the call allows it, else by the assistant's own transfer.

    That one asks us where to, and is told the same number. None of it needs the practice's system.
    """
    if not numbers:
        return ToolAnswer(text=NOBODY)
    is_connecting = control_url is not None and control.transfer(control_url, numbers[0])
    return ToolAnswer(text=CONNECTING if is_connecting else NOT_YET)
