"""What nobody has confirmed of its scheduler, as a practice's settings put it right."""

import re

from domain.connections import Connection
from domain.errors import BadInput

CHANGE_PATH, STATUS_FIELD = "change_path", "status_field"
SCHEDULER_TIER, TIERS = "scheduler_tier", ("2", "3")
"""The settings."""

_PATH, _FIELD = "/scheduler/appointments/{id}", "statuscode"
_BELOW_THE_SERVER = re.compile(r"(/[A-Za-z0-9_-]+)+/\{id\}(/[A-Za-z0-9_-]+)*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_OTHERS = frozenset({"id", "startdatetime", "duration", "columnid"})


def change_path(connection: Connection) -> str:
    """Where a visit is changed, with {id} in it."""
    return a_path(str(connection.settings.get(CHANGE_PATH) or _PATH))


def status_field(connection: Connection) -> str:
    """What the status is called there."""
    return a_field(str(connection.settings.get(STATUS_FIELD) or _FIELD))


def scheduler_buckets(connection: Connection) -> tuple[str, ...]:
    """The tier that REST counts in: that of everything unlisted, unless somebody knows better."""
    told = str(connection.settings.get(SCHEDULER_TIER) or "3")
    if told not in TIERS:
        raise BadInput(f"{SCHEDULER_TIER} is {' or '.join(TIERS)}.")
    return (f"tier{told}",)


def a_path(text: str) -> str:
    if not _BELOW_THE_SERVER.fullmatch(text):
        raise BadInput(f"{CHANGE_PATH} is written {_PATH}: a path with {{id}} as one part of it.")
    return text


def a_field(text: str) -> str:
    if not _NAME.fullmatch(text) or text.casefold() in _OTHERS:
        raise BadInput(f"{STATUS_FIELD} is the name of the status in a change, such as {_FIELD}.")
    return text
