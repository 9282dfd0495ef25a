"""Dates of birth as people say them: the year in two halves, or its last two figures alone."""

import re
from datetime import date

from domain.hearing import heard_date
from domain.instants import Place
from domain.phrases import plain

_UNITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TENS = {"sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_HIGH = re.compile(rf"\b({'|'.join(_TENS)})(?:[ -]({'|'.join(_UNITS)}))?\b")
_NTH = "(?:st|nd|rd|th)?"

_THOUSAND = re.compile(r"\b2 thousand(?: and)?(?: (\d{1,2}))?\b")
_OH = re.compile(r"\b(19|20) (?:oh?|hundred(?: and)?) (\d)\b")
# A day and a month have to be named before it: of "June 19 26" the 19 is the day.
_HALVES = re.compile(r"((?=.*[a-z]{3}).*\d.*) (19|20) (\d\d)")
_SHORT = re.compile(r"((?=.*[a-z]{3}).*\d.*) '?(\d\d)")
_APART = re.compile(r"(\d{1,2}) (\d{1,2}) (\d{4}|\d\d)")
_OF_THE = re.compile(rf"(?:the )?(\d{{1,2}}){_NTH} of the (\d{{1,2}}){_NTH} (\d{{4}})")
_TOGETHER = re.compile(r"(\d\d)(\d\d)((?:19|20)\d\d)")


def heard_birthday(text: str, place: Place) -> date | None:
    """The one date that is meant and not to come; None where there is none."""
    found = heard_date(text, place) or heard_date(_in_figures(text, place), place)
    return None if found is None or found > place.today else found


def _in_figures(text: str, place: Place) -> str:
    """The same with its year in four figures, where that can be told."""
    words = plain(_HIGH.sub(_high, text.lower()))
    words = _THOUSAND.sub(lambda found: f"20{int(found[1] or 0):02}", words)
    words = _OH.sub(r"\g<1>0\2", words)
    for form, written in ((_OF_THE, r"\3-\2-\1"), (_APART, r"\1/\2/\3"), (_TOGETHER, r"\1/\2/\3")):
        if found := form.fullmatch(words):
            return found.expand(written)
    if found := _HALVES.fullmatch(words):
        return found.expand(r"\1 \2\3")
    if found := _SHORT.fullmatch(words):
        is_young = int(found[2]) <= place.today.year % 100
        return f"{found[1]} {20 if is_young else 19}{found[2]}"
    return words


def _high(found: re.Match[str]) -> str:
    return str(_TENS[found[1]] + (_UNITS.index(found[2]) + 1 if found[2] else 0))
