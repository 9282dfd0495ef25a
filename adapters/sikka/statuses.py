"""What each PMS behind Sikka calls the standing of an appointment; there is no fixed list."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.rest.own_words import OwnWords
from adapters.rest.record import Record
from adapters.rest.words import Standing, Words, plain
from adapters.sikka.offices import pms_type_of
from domain.appointments import Status
from domain.connections import Connection

NEVER = "1111-11-11"
OWN_WORDS = OwnWords("status_words", example="Recovery=arrived; Rebook=cancelled")
YES = frozenset({"true", "1", "y", "t", "yes"})
_FEWEST_DIGITS = 3
_NO_TIME = re.compile(r"0?|00:00(:00(\.0+)?)?|12:00(:00)? ?am", re.IGNORECASE)
_LONG_AGO = r"(?:0\d{3}|1[0-8]\d{2}|19[0-6]\d)"
_NO_DAY = re.compile(rf"(?:{_LONG_AGO}-\d{{1,2}}-\d{{1,2}}|\d{{1,2}}/\d{{1,2}}/{_LONG_AGO})[T ]?")
"""A day before any of ours is none: each PMS has its own, and some put a time of day behind it."""

WORDS: Mapping[Status, Sequence[str]] = {
    Status.BOOKED: (
        *("open", "fixed", "scheduled", "booked", "active", "unconfirmed", "not_confirmed"),
        *("open.unconfirm", "left_message", "asap"),
    ),
    Status.CONFIRMED: ("confirmed", "open.confirm", "preconfirmed"),
    Status.ARRIVED: ("arrived", "checked_in", "here", "waiting", "in_reception"),
    Status.IN_PROGRESS: ("in_operatory", "in_chair", "in_treatment", "in_progress", "seated"),
    Status.COMPLETED: (
        *("complete", "completed", "complete.unconfirm", "complete.confirm"),
        *("checked_out", "walked_out", "dismissed", "set_complete"),
    ),
    Status.CANCELLED: ("cancelled", "canceled", "broken", "deleted"),
    Status.NO_SHOW: ("no_show", "noshow", "missed", "did_not_attend", "failed"),
}
PER_PMS: Mapping[str, Mapping[str, Status]] = {
    # Tracks of the office's own day, not of one visit.
    "eaglesoft": {"walkout": Status.COMPLETED, "in_clinic": Status.ARRIVED},
    "opendental": {"planned": Status.BOOKED, "unschedlist": Status.CANCELLED},
    "dentrix": {"in_office": Status.ARRIVED, "ready": Status.ARRIVED},
    "orthotrac": {"on_deck": Status.ARRIVED, "exam": Status.IN_PROGRESS},
}
WITHIN: Sequence[tuple[str, Status]] = (
    # In this order: "unconfirm" holds "confirm", and what is cancelled may have been confirmed.
    (r"cancel|broken|deleted", Status.CANCELLED),
    (r"no.?show|missed", Status.NO_SHOW),
    (r"incomplete|(^|[._])(not|never)[._](\w+[._])?(complet|arriv|check|seat|walk)", Status.BOOKED),
    (r"complete|walk(ed)?.?out|check(ed)?.?out", Status.COMPLETED),
    (r"unconfirm|not.confirm|(^|[._])(not|never|cannot)[._](\w+[._])?confirm", Status.BOOKED),
    (r"^(\w+[._])?confirm(ed)?([._]\w+)?$", Status.CONFIRMED),
    (r"arriv|check(ed)?.?in", Status.ARRIVED),
    (r"in.?chair|seated|operatory", Status.IN_PROGRESS),
)
_UNSURE = re.compile(r"(^|[._])(to|needs?|pending|await\w*|unable|un)([._]|$)")
_EVERY = Words(WORDS)
_KNOWN = frozenset(word for words in WORDS.values() for word in words)
_FURTHER: Sequence[tuple[str, Status]] = (
    # What the row tells beside its status, the furthest first.
    ("walkout_time", Status.COMPLETED),
    ("in_chair_time", Status.IN_PROGRESS),
    ("arrival_time", Status.ARRIVED),
)
_ON_ITS_WAY = frozenset({Status.BOOKED, Status.CONFIRMED})


def family(pms_type: str | None) -> str:
    """The PMS without its edition: "Dentrix G6" and "DENTRIX" are one."""
    bare = re.sub(r"[^a-z0-9]", "", (pms_type or "").casefold())
    return next((name for name in FAMILIES if bare.startswith(name)), bare)


FAMILIES = (
    *("dentrixascend", "dentrixenterprise", "dentrix", "eaglesoft", "opendental", "orthotrac"),
    *("dolphin", "cornerstone", "cleardent", "planetdds", "denticon", "easydental", "softdent"),
    *("practiceworks", "avimark", "tracker", "abeldent", "curve", "cloud9"),
)


def check(given: Mapping[str, Any], _held: Connection | None) -> None:
    """Refuse what the next sync could not use."""
    OWN_WORDS.check(given)


def standing(record: Record, connection: Connection) -> Standing:
    """By the word, then by what else the row tells of it."""
    found = _by_word(record, connection)
    if found.status is not Status.NO_SHOW and _is_cancelled(record):
        return Standing(Status.CANCELLED)
    if found.status not in _ON_ITS_WAY or found.raw is not None:
        return found
    for path, status in _FURTHER:
        if _is_told(record, path, _NO_DAY.sub("", record.side(path) or "", count=1)):
            return Standing(status)
    if found.status is Status.BOOKED and _is_yes(record, "is_confirmed"):
        return Standing(Status.CONFIRMED)
    return found


def _by_word(record: Record, connection: Connection) -> Standing:
    word = record.side("status")
    key = plain(word or "")
    own = {**PER_PMS.get(family(pms_type_of(connection)), {}), **OWN_WORDS.read(connection)}
    if key in own:
        return Standing(own[key])
    if key not in _KNOWN and not _UNSURE.search(key):
        for pattern, status in WITHIN:
            if re.search(pattern, key):
                return Standing(status)
    return _EVERY.read(record, word)


def _is_cancelled(record: Record) -> bool:
    on = record.side("cancelled_date") or ""
    is_dated = _NO_DAY.match(on) is None and _is_told(record, "cancelled_date", on)
    return is_dated or _is_yes(record, "cancelled") or is_deleted(record)


def _is_told(record: Record, path: str, text: str) -> bool:
    """Whether it is a time at all: what has no digits for one ("N/A") says nothing."""
    if _NO_TIME.fullmatch(text):
        return False
    if sum(map(str.isdigit, text)) < _FEWEST_DIGITS:
        record.drift.append(f"unreadable:{path}")
        return False
    return True


def is_deleted(record: Record) -> bool:
    """As the feed of changes says it."""
    return (record.side("flag") or "").casefold() == "deleted"


def _is_yes(record: Record, path: str) -> bool:
    return str(record.raw(path) or "").strip().casefold() in YES
