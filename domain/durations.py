"""How long something takes: as a person is told it, and as a caller says it of a visit."""

import re

from domain.errors import BadInput
from domain.phrases import plain

MINUTE, HOUR = 60.0, 3600.0
EXACT_BELOW = 9.95
"""Of what takes longer nobody wants to know the tenths of a second."""

SHORTEST_VISIT, LONGEST_VISIT = 5, 480
MINUTES_OF_AN_HOUR = 60
HOW_LONG = "A visit takes from five minutes to eight hours. How long shall it be?"

_LENGTH = re.compile(r"(-?\d+(?:\.\d+)?) ?(h(?:ou)?rs?\b|h(?=\d|\b)|m(?:in(?:ute)?s?)?\b)?")


def took(seconds: float) -> str:
    """`under 0.1 s`, `0.4 s`, `12 s`, `3 min`, `1.5 h`."""
    if seconds < 0.05:  # noqa: PLR2004 - what would read as none at all
        return "under 0.1 s"
    if seconds < EXACT_BELOW:
        return f"{seconds:.1f} s"
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < HOUR else f"{seconds / HOUR:.1f} h"


def heard_length(said: str) -> int | None:
    """Minutes: a bare number is of them, hours may have some behind them; no number says nothing.

    What no visit takes is asked about, and what is told otherwise, such as two lengths.
    """
    words = plain(said).replace("half an hour", "30 minutes")
    told = _LENGTH.findall(re.sub(r"\ban? (?=h(?:ou)?r\b)", "1 ", words))
    is_hour = [unit.startswith("h") for _, unit in told]
    if re.search("half|quarter", words) or (len(told) > 1 and is_hour != [True, False]):
        raise BadInput(HOW_LONG)
    if not told:
        return None
    lengths = zip([float(number) for number, _ in told], is_hour, strict=True)
    minutes = sum(one * (MINUTES_OF_AN_HOUR if of else 1) for one, of in lengths)
    if not SHORTEST_VISIT <= minutes <= LONGEST_VISIT:
        raise BadInput(HOW_LONG)
    return round(minutes)
