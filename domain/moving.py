"""Where a visit shall go, as callers say it by where it is now: at the same time, a week later."""

import re
from datetime import datetime, timedelta

from domain.hearing import DAYS_OF, names_day
from domain.phrases import plain

SAME_TIME = re.compile(
    r"\b(?:at )?(?:the )?same (?:time|hour)(?: of (?:the )?day)?\b", re.IGNORECASE
)
SAME_DAY = re.compile(r"\b(?:on )?(?:the )?same (?:day|date)\b(?:,? but\b)?", re.IGNORECASE)
_WAY = "(?P<way>later|earlier|sooner)(?: than (?:that|now|it is))?"
_DAYS_OFF = re.compile(
    r"\b(?:(?:on )?(?:the )?same (?:day|date) )?"
    rf"(?P<count>an?|\d{{1,3}}) (?P<unit>day|week|fortnight)s? {_WAY}\b"
)
_MINUTES_OFF = re.compile(rf"\b(?P<count>an?|\d{{1,3}}) (?P<unit>minute|hour)s? {_WAY}\b")
_MINUTES_OF = {"minute": 1, "hour": 60}


def outright(words: str, now: datetime) -> str:
    """The words with a date or a time in the place of what is said by where it is `now`.

    "In a week" is told from today, "a week later" from the visit. The same day of another week is
    another day: it is asked about.
    """
    told = _in_figures(words)
    if (found := _DAYS_OFF.search(told)) is not None:
        then = now + timedelta(days=_signed(found) * DAYS_OF[found["unit"]])
        return _put(f"{then:%Y-%m-%d}", told, found, now)
    if (found := _MINUTES_OFF.search(told)) is not None:
        then = now + timedelta(minutes=_signed(found) * _MINUTES_OF[found["unit"]])
        return _put(f"{then:%H:%M}", told, found, now) if then.date() == now.date() else words
    told = SAME_TIME.sub(f"{now:%H:%M}", words)
    names_another = names_day(SAME_DAY.sub("", told))
    return told if names_another else SAME_DAY.sub(f"{now:%Y-%m-%d}", told)


def _in_figures(words: str) -> str:
    return plain(words).replace("half an hour", "30 minutes")


def _signed(found: re.Match[str]) -> int:
    count = 1 if found["count"].startswith("a") else int(found["count"])
    return count if found["way"] == "later" else -count


def _put(said: str, words: str, found: re.Match[str], now: datetime) -> str:
    rest = words[: found.start()] + said + words[found.end() :]
    return SAME_TIME.sub(f"{now:%H:%M}", rest)
