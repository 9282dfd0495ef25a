"""What a PMS sends that its description does not know, told in sentences."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One thing that was met, how often and how lately."""

    what: str
    times: int
    first_seen_at: datetime
    last_seen_at: datetime

    @property
    def sentence(self) -> str:
        return sentence(self.what)


def sentence(what: str) -> str:
    """What was met and what became of it; a key nobody knows stays readable."""
    kind, _, detail = what.partition(":")
    told = _TOLD.get(what) or _KINDS.get(kind)
    return told(detail) if told else f"The PMS sent something we do not know: {what}."


def _status(word: str) -> str:
    return (
        f"The PMS used the status “{word}”, which we do not know. "
        "Such appointments show as booked, with that word beside them."
    )


def _missing(key: str) -> str:
    return (
        f"Appointments came without “{key}”, which its documents promise. "
        "What depends on it may be empty or estimated."
    )


def _unreadable(key: str) -> str:
    return (
        f"A record came with a “{key.rpartition('.')[2]}” that cannot be read as one. It is left "
        "out; what depends on it may be empty or estimated."
    )


_TOLD: Mapping[str, Callable[[str], str]] = {
    "feed:refused": lambda _: (
        "The PMS does not let this user read what changed. "
        "The days are read whole instead, which takes more requests."
    ),
    "status:unprintable": lambda _: (
        "The PMS used a status that is not a plain word. Such appointments show as booked."
    ),
    "duration:disagrees": lambda _: (
        "The end of an appointment and its length disagree. We go by the end."
    ),
    "listing:short": lambda _: (
        "The PMS ended a list before giving all it had counted. Nothing is taken off the sheet for "
        "not being in it, and the next sync reads it again."
    ),
    "listed:twice": lambda _: (
        "The PMS listed an appointment twice in one answer. "
        "Its row shows what was changed last there, or else what was listed last."
    ),
    "practitioner:unresolved": lambda _: (
        "An appointment names a practitioner the PMS says nothing about. "
        "It is shown without a clinician until the PMS does."
    ),
}
"""What is met under one name only."""

_KINDS: Mapping[str, Callable[[str], str]] = {
    "status": _status,
    "missing": _missing,
    "unreadable": _unreadable,
}
"""What is met under many names, by what stands before the colon."""
