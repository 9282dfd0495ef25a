"""Which times of a day a caller would like to hear of: offered by it, and never booked by it."""

import re
from collections.abc import Mapping
from datetime import time

from domain.choosing import leaves_it_to_us
from domain.hearing import AGAINST, heard_time, named_part
from domain.phrases import CLOCK, CLOCK_ALONE, phrases, plain

Span = tuple[time, time]
"""From the first on, before the second, on the practice's own clock."""

WHICH = "I did not understand the time. Is there a time that suits you, or a part of the day?"

HABITS: Mapping[str, Span] = {
    "before (?:school|work)": (time(0), time(9)),
    "before lunch": (time(0), time(12)),
    "after lunch": (time(13), time(17)),
    "lunch(?: ?time| hour| break)?": (time(12), time(14)),
    "after school": (time(15), time.max),
    "after work": (time(17), time.max),
}
"""The hours of most people. What is offered is told with its time, so nobody is misled."""

_SINCE = re.compile(r"\b(?:not before|since|(?:no|not) (?:earlier|sooner) than)\b")
_UNTIL = re.compile(r"\b(?:not after|(?:no|not) later than)\b")
_BOUNDS = (
    rf"(?:between |from )?(?P<since>{CLOCK}) (?:and|to|until|till|-|\u2013) (?P<until>{CLOCK})",
    rf"(?:after|from) (?P<since>{CLOCK})",
    rf"(?P<since>{CLOCK}) (?:(?:or|and) later|onwards?)",
    rf"(?:before|until|till|by) (?P<until>{CLOCK})",
    rf"(?P<until>{CLOCK}) or earlier",
)
_LATEST = re.compile(
    r"\blatest\b|\bas late as (?:possible|you can)\b|\b(?:end of|late in|later in) the day\b"
    r"|\blast (?:1|thing|slot|time|appointment|available)\b"
)
_WHENEVER = re.compile(
    r"\b(?:whenever|flexible|any|all day|unknown|not sure|none|n/a|(?:not |un)specified"
    r"|do(?:n't| not) (?:mind|care)|does(?:n't| not) matter)\b"
)


def wished_span(told: str) -> Span | None:
    """The part of a day that is named; None where none is, or where it is said against one."""
    words = _UNTIL.sub("before", _SINCE.sub("after", plain(told)))
    if AGAINST.search(words):
        return None
    bounds, part = _bounds(words) or _habit(words), named_part(words)
    if bounds is None or part is None:
        return bounds or part
    both = max(bounds[0], part[0]), min(bounds[1], part[1])
    return both if both[0] < both[1] else part


def wants_latest(told: str) -> bool:
    """Whoever does hears the last times of the day."""
    return bool(_LATEST.search(plain(told)))


def is_unheard(told: str) -> bool:
    """Something is wished for that would be passed over: it is asked about."""
    words = plain(told)
    rest = _WHENEVER.sub("", words)
    is_left_to_us = rest != words or leaves_it_to_us(told)
    is_heard = is_left_to_us or phrases(words, CLOCK_ALONE) is not None
    return bool(AGAINST.search(rest)) or not is_heard


def _bounds(words: str) -> Span | None:
    for rule in _BOUNDS:
        found = re.search(rf"(?:\A| ){rule}", words)
        if found is None:
            continue
        told = found.groupdict()
        since = heard_time(told["since"]) if "since" in told else time(0)
        until = heard_time(told["until"]) if "until" in told else time.max
        if since is not None and until is not None and since < until:
            return since, until
    return None


def _habit(words: str) -> Span | None:
    return next((span for rule, span in HABITS.items() if re.search(rf"\b{rule}\b", words)), None)
