"""Names as the vendor keeps them: upper case, and nothing that Latin-1 cannot write."""

import unicodedata

PLAIN = {"\u2019": "'"}


def held(text: str | None) -> str | None:
    return "".join(_latin(letter) for letter in text).upper() if text else None


def listed(first: str | None, last: str, middle: str | None = None) -> str:
    """`LAST,FIRST MIDDLE`; those with one name have no comma."""
    given = " ".join(part for part in (held(first), held(middle)) if part)
    return f"{held(last)},{given}" if given else str(held(last))


def _latin(letter: str) -> str:
    letter = PLAIN.get(letter, letter)
    try:
        letter.upper().encode("latin-1")
    except UnicodeEncodeError:
        parts = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
        return parts or {"\u0141": "L", "\u0142": "l"}.get(letter, "?")
    return letter
