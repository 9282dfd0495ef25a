"""The phrases callers name a day or a time in, read from the first word of a text to the last."""

import re
from collections.abc import Mapping

from domain.speech import MONTHS

Phrase = tuple[str, re.Match[str]]

_WEEKDAY = (
    "(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:s|nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?"
    "|sat(?:urday)?|sun(?:day)?)"
)
_MONTH = "sept|" + "|".join(f"{name[:3].lower()}(?:{name[3:].lower()})?" for name in MONTHS)
_NTH = r"(?P<day>\d{1,2})(?:st|nd|rd|th)"
_HOUR, _MINUTE = r"(?P<hour>2[0-3]|[01]?\d)", r"(?P<minute>[0-5]\d)"
_O_CLOCK = "(?: ?o'? ?clock)"
_HALF = r"(?P<half> ?[ap]\.?m)"
_ABOUT = "(?:at|around|about) "
_AWAY = "(?P<count>an?|[0-9]{1,3}) (?P<unit>day|week|fortnight)s?'?(?: time)?"
_PART = "(?P<part>morning|afternoon|evening)"

WRITTEN: Mapping[str, str] = {
    "year first": r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})",
    "month first": rf"(?P<month>{_MONTH}) (?:the )?{_NTH}?(?: (?P<year>\d{{4}}))?",
    "day first": rf"{_NTH}?(?: of)? (?P<month>{_MONTH})(?: (?P<year>\d{{4}}))?",
    "slash": r"(?P<one>\d{1,2})/(?P<two>\d{1,2})(?P<year>)",
    "numbers": r"(?P<one>\d{1,2})([-/.])(?P<two>\d{1,2})\2(?P<year>\d{4}|\d{2})",
}
"""A date, in figures or with the name of its month."""

DAYS: Mapping[str, str] = {
    **WRITTEN,
    # "The first Monday", "the first of the week" and "the first on Monday" are no first of a month.
    "nth": rf"(?:the |(?<=day )|(?<=on )|\A){_NTH}(?! (?:of|on|{_WEEKDAY})\b)",
    "weekday": f"(?P<weekday>{_WEEKDAY})",
    "which weekday": f"(?P<which>next|this|(?:this )?(?:up)?coming) (?P<weekday>{_WEEKDAY})",
    "in": f"in {_AWAY}(?: from (?:now|today))?",
    "from now": f"{_AWAY} from (?:now|today)",
    "from tomorrow": f"(?:in )?{_AWAY} (?:from|after) tomorrow",
    "from weekday": f"(?:in )?{_AWAY} (?:from|after) (?P<weekday>{_WEEKDAY})",
    "on weekday": f"{_AWAY} on (?P<weekday>{_WEEKDAY})",
    "day after tomorrow": "day after tomorrow",
    "tomorrow": "tomorrow",
    "today": f"(?:later )?(?:today|(?P<tonight>tonight)|this {_PART})",
    "week": "(?:of )?(?P<which>this|next) week",
    "any": "(?:as )?soon(?: as possible)?|asap|any ?day|any ?time"
    "|(?:soonest|earliest|1st|next) (?:available|possible)|soonest|earliest|1st thing",
}

CLOCKS: Mapping[str, str] = {
    "past": rf"(?:{_ABOUT})?(?P<by>half|(?:a )?quarter|\d{{1,2}}(?: minutes?)?) (?:past|after)"
    f" {_HOUR}{_O_CLOCK}?{_HALF}?",
    # "10 to 3" may be from ten until three.
    "to": rf"(?:{_ABOUT})?(?P<by>(?:a )?quarter|\d{{1,2}} minutes?|1[3-9]|2\d) (?:to|till|before)"
    f" {_HOUR}{_O_CLOCK}?{_HALF}?",
    "clock": rf"{_HOUR}[:.]{_MINUTE}(?::\d{{2}}(?:\.\d+)?)?(?:z|[+-]\d\d:?\d\d)?"
    r"(?P<half> ?[ap]\.?m|[ap])?",
    "about": f"{_ABOUT}{_HOUR}(?:[:. ]{_MINUTE})?{_O_CLOCK}?{_HALF}?",
    "half": f"{_HOUR}(?:[:. ]{_MINUTE})?{_O_CLOCK}?{_HALF}",
    "o'clock": f"{_HOUR}{_O_CLOCK}",
    "noon": f"(?:{_ABOUT})?(?:12 )?(?P<noon>noon|midday)",
    "midnight": "(?:12 )?(?P<midnight>midnight)",
}

_NAMELESS = "|".join(re.sub(r"\?P<\w+>", "?:", one) for one in CLOCKS.values())
CLOCK = rf"(?:(?:{_NAMELESS}|[12]?\d)(?= |\Z))"
"""A time beside words that say how it is meant: a bare hour is enough there."""

PARTS: Mapping[str, str] = {
    "part": f"(?:(?:in|during) the |in |early |late |mid )*{_PART}|(?:at )?(?P<night>night)",
    "limit": r"(?P<limit>after|from|before|until|till|by)"
    rf" (?P<clock>{CLOCK})",
}

DAY_ALONE = {"numbers": r"(?P<one>\d{1,2})[-.](?P<two>\d{1,2})(?P<year>)"}
CLOCK_ALONE = {
    "clock": f"{_HOUR}(?: ?{_MINUTE})?(?: in the {_PART}| at (?P<night>night))?",
}
"""What is plain only where nothing else is said."""

ZONES = frozenset(
    {"et", "est", "edt", "ct", "cst", "cdt", "mt", "mst", "mdt", "pt", "pst", "pdt"}
    | {"aest", "aedt", "acst", "acdt", "awst"}
)
"""A model writes the practice's own behind a clock; another's is asked about where it is heard."""

FILLERS = ZONES | frozenset(
    {"at", "on", "for", "the", "is", "it", "it's", "its", "that's", "please", "thanks", "yes"}
    | {"yeah", "ok", "okay", "um", "uh", "er", "erm", "well", "so", "then", "sometime", "maybe"}
    | {"perhaps", "preferably", "appointment", "slot", "opening", "would", "be", "good", "fine"}
    | {"works", "born"}
)
_ALL = {**DAYS, **CLOCKS, **PARTS}
_RULES = {name: re.compile(rf"(?:{rule})(?= |\Z)") for name, rule in _ALL.items()}

_TENS = ("twenty", "thirty", "forty", "fifty")
_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth"),
    *("seventeenth", "eighteenth", "nineteenth", "twentieth", "thirtieth"),
)
_VALUES: Mapping[str, int] = (
    {name: value for value, name in enumerate(_NUMBERS)}
    | {name: value for value, name in enumerate(_ORDINALS[:-2], 1)}
    | {name: 10 * value for value, name in enumerate(_TENS, 2)}
    | {"twentieth": 20, "thirtieth": 30}
)
_UNITS = "|".join(sorted(_NUMBERS[1:10] + _ORDINALS[:9], key=len, reverse=True))
_COUNTED = re.compile(
    rf"\b(?:({'|'.join(_TENS)}) ({_UNITS})|({'|'.join(sorted(_VALUES, key=len, reverse=True))}))\b"
)


# A model tells when it would end, too.
_SPAN = re.compile(r"\b(\d{1,2}:\d{2}) ?[-\u2013] ?\d{1,2}:\d{2}\Z")


def plain(text: str) -> str:
    """In small letters, numbers in figures, without what is written but not said."""
    words = re.sub(r"[,;!?()\"]", " ", text.lower().replace("\u2019", "'"))
    words = re.sub(r"(\d{4}-\d{1,2}-\d{1,2})t(?=\d{1,2}:)", r"\1 ", words)
    words = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", words)
    words = re.sub(r"\.(?=\s|\Z)", "", words)
    words = _COUNTED.sub(_figures, _SPAN.sub(r"\1", " ".join(words.split())))
    return re.sub(r"\b(\d{1,2}(?::\d{2})?|noon|midday) ?ish\b", r"around \1", words)


def phrases(words: str, alone: Mapping[str, str]) -> list[Phrase] | None:
    """All that is said in plain words; None where one of them is not understood."""
    for name, rule in alone.items():
        if whole := re.fullmatch(rule, words):
            return [(name, whole)]
    said: list[Phrase] = []
    at = 0
    while at < len(words):
        found = [(name, one) for name, rule in _RULES.items() if (one := rule.match(words, at))]
        longest = max(found, key=lambda one: one[1].end(), default=None)
        word = words[at:].partition(" ")[0]
        if longest is None and word not in FILLERS:
            return None
        said += [longest] if longest else []
        at = (longest[1].end() if longest else at + len(word)) + 1
    return said


def _figures(found: re.Match[str]) -> str:
    """Twenty-first is 21st, and half past two half past 2."""
    tens, unit, only = found.groups()
    number = _VALUES[tens] + _VALUES[unit] if tens else _VALUES[only]
    last = unit or only
    return f"{number}st" if last in _ORDINALS else str(number)
