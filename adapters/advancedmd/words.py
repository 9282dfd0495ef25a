"""Ids, names and status codes as AdvancedMD writes them, in ours."""

import re
from collections.abc import Mapping

from adapters.rest.record import Record
from adapters.rest.words import Standing
from domain.appointments import Status
from domain.connections import Connection
from domain.errors import BadInput, Refused
from domain.intake import MOVED

_PREFIXED = re.compile(r"[A-Za-z_]+(\d+)")
_CODE = re.compile(r"[A-Za-z0-9]{1,8}")

CODES: Mapping[str, Status] = {
    "0": Status.BOOKED,
    "1": Status.ARRIVED,
    "2": Status.IN_PROGRESS,
    "3": Status.COMPLETED,
    # Moved: the visit stands elsewhere now.
    "5": Status.CANCELLED,
    "10": Status.CANCELLED,
    "11": Status.CANCELLED,
    "12": Status.NO_SHOW,
}
"""1, 2 and 11 are decoded nowhere in public; a connection's `status_codes` puts them right."""

MOVED_AWAY = "5"

CODE_OF: Mapping[Status, str] = {
    Status.BOOKED: "0",
    Status.ARRIVED: "1",
    Status.IN_PROGRESS: "2",
    Status.COMPLETED: "3",
    Status.NO_SHOW: "12",
}
"""What a status is written as; a cancellation has an address of its own."""


def bare(pms_id: str | int | None) -> str | None:
    """`pat45` and 45 are the same patient: XML prefixes what REST numbers."""
    text = "" if pms_id is None else str(pms_id).strip()
    told = _PREFIXED.fullmatch(text)
    return (told[1] if told else text) or None


def split_name(text: str | None) -> tuple[str | None, str | None]:
    """Given and family name of `LAST,FIRST MIDDLE`, parted at the first comma only."""
    family, _, given = (text or "").partition(",")
    return given.strip() or None, family.strip() or None


def bare_id(record: Record, path: str) -> str:
    found = maybe_bare(record, path)
    if found is None:
        raise record.bad(path, "missing")
    return found


def maybe_bare(record: Record, path: str) -> str | None:
    return bare(record.maybe_id(path))


def codes(connection: Connection) -> Mapping[str, Status]:
    """The table, with what the practice says of its own: `1=arrived; 20=completed`."""
    return {**CODES, **own_codes(connection)}


def own_codes(connection: Connection) -> Mapping[str, Status]:
    given = connection.settings.get("status_codes") or {}
    pairs = given.items() if isinstance(given, Mapping) else split_codes(str(given))
    try:
        return {str(code).strip(): Status(str(word).strip()) for code, word in pairs}
    except ValueError:
        raise BadInput("status_codes is written 1=arrived; 20=completed, in our words.") from None


def split_codes(text: str) -> list[tuple[str, str]]:
    """`1=arrived; 20=completed`, as it was written."""
    parts = [one.partition("=") for one in re.split(r"[;,]", text) if one.strip()]
    return [(code.strip(), word.strip()) for code, _, word in parts]


def is_code(text: str) -> bool:
    return _CODE.fullmatch(text) is not None


def code_of(status: Status, connection: Connection) -> str:
    """What to write for a status, by the practice's own table before ours."""
    own = own_codes(connection)
    known = CODE_OF.get(status)
    if known is not None and own.get(known, status) is status:
        return known
    for code, meaning in own.items():
        if meaning is status:
            return code
    raise Refused(f"AdvancedMD has no status for '{status.value}' that could be set from here.")


def settable(connection: Connection) -> frozenset[Status]:
    """What may be set from here: what has a code, and a cancellation, which has an address."""
    return frozenset(one for one in Status if one is Status.CANCELLED or _has_code(one, connection))


def _has_code(status: Status, connection: Connection) -> bool:
    try:
        return bool(code_of(status, connection))
    except (Refused, BadInput):
        return False


def standing(record: Record, connection: Connection, *, code_at: str) -> Standing:
    """Where an appointment stands; a code nobody knows is booked, kept and counted."""
    code = record.maybe_id(code_at)
    known = Standing(Status.BOOKED) if code is None else _known(codes(connection), code)
    if known is None:
        named = code if code and _CODE.fullmatch(code) else "unprintable"
        record.drift.append(f"status:{named.casefold()}")
        record.flags.add("unknown_status")
        return Standing(Status.BOOKED, raw=code)
    if code == MOVED_AWAY and MOVED_AWAY not in own_codes(connection):
        record.flags.add(MOVED)
    if known.status is Status.BOOKED and record.side("confirmdate") is not None:
        return Standing(Status.CONFIRMED)
    return known


def _known(table: Mapping[str, Status], code: str) -> Standing | None:
    status = table.get(code)
    return None if status is None else Standing(status)
