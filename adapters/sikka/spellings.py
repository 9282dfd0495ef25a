"""How a practice may have written a family name that a caller only says."""

import re
from unicodedata import combining, normalize

from domain.names import PLAIN_LETTERS

CURLY = "\u2019"
_APOSTROPHES = re.compile("['`\u2018\u2019\u02bb\u02bc]")
MOST = 3
_JOINED = re.compile(r"^([OD]) ?(?=[A-Z][a-z])")
"""OBrien, D Angelo: an apostrophe that was not heard."""


def spellings(family: str) -> list[str]:
    """As it is told first, the likelier before the others, a few at most.

    An accent nobody told cannot be guessed.
    """
    straight = _APOSTROPHES.sub("'", family)
    plain = _unaccented(straight)
    found = (
        family,
        plain,
        _JOINED.sub(r"\1'", plain),
        plain.replace("'", ""),
        plain.replace("-", " "),
        plain.replace("'", CURLY),
    )
    return list(dict.fromkeys(one for one in found if one))[:MOST]


def _unaccented(text: str) -> str:
    plain = (letter for letter in normalize("NFKD", text) if not combining(letter))
    return "".join(plain).translate(PLAIN_LETTERS)
