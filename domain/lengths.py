"""How long a visit is to be, as callers say it."""

import re

from domain.errors import BadInput
from domain.phrases import plain

SHORTEST_VISIT, LONGEST_VISIT = 5, 480
MINUTES_OF_AN_HOUR = 60
HOW_LONG = "A visit takes from five minutes to eight hours. How long shall it be?"

_LENGTH = re.compile(r"(-?\d+(?:\.\d+)?) ?(h(?:ou)?rs?\b|h(?=\d|\b)|m(?:in(?:ute)?s?)?\b)?")


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
