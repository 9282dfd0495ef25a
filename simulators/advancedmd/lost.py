"""Writes that are done although no answer says so."""

import threading
from http import HTTPStatus

from simulators.faults import Fault
from simulators.front import refusal
from simulators.serving import Line, Reply

SILENT_SECONDS = 600.0


def sent(reply: Reply, fault: Fault | None, stopping: threading.Event) -> Reply:
    """What the client gets of the reply to a write that has been done."""
    name = fault.name if fault else ""
    if name == "lost-504":
        return refusal(HTTPStatus.GATEWAY_TIMEOUT, "The gateway waited too long")
    if name == "lost-silent":
        stopping.wait(SILENT_SECONDS if fault is None or fault.seconds is None else fault.seconds)
    if name in {"lost-drop", "lost-silent"}:
        return Reply(status=0, line=Line.RESET)
    return reply
