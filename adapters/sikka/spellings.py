"""How a practice may have written a family name that a caller only says."""

import re
from unicodedata import combining, normalize

from domain.names import PLAIN_LETTERS

CURLY = "\u2019"
_APOSTROPHES = re.compile("['`\u2018\u2019\u02bc]")
_JOINED = re.compile(r"^([OD]) ?(?=[A-Z][a-z])")
"""OBrien, D Angelo: an apostrophe that was not heard."""


def spellings(family: str) -> list[str]:
    """As it is told first; an accent nobody told cannot be guessed."""
    straight = _APOSTROPHES.sub("'", family)
    found = (
        family,
        straight,
        straight.replace("'", CURLY),
        straight.replace("'", ""),
        _JOINED.sub(r"\1'", straight),
        straight.replace("-", " "),
        _unaccented(straight),
    )
    return list(dict.fromkeys(found))


def _unaccented(text: str) -> str:
    plain = (letter for letter in normalize("NFKD", text) if not combining(letter))
    return "".join(plain).translate(PLAIN_LETTERS)
