"""Text from strangers, made safe to store and to show."""

import unicodedata

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN = frozenset({"\u200b", "\u2060", "\ufeff", *map(chr, range(0xE0000, 0xE0080))})
"""Nothing to any reader but a language model: a name could tell the one on the phone what to do."""

_BREAKS = frozenset("\r\n\t\v\f\x85\u2028\u2029")


def one_line(text: str) -> str:
    """No control characters, no lone surrogates, no direction tricks; breaks become spaces."""
    if text.isprintable():
        return text.strip()
    return " ".join("".join(" " if char in _BREAKS else _kept(char) for char in text).split())


def many_lines(text: str) -> str:
    """As `one_line`, but line breaks stay."""
    if text.isprintable():
        return text.strip()
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(_kept(char) for char in line).rstrip() for line in lines).strip()


def _kept(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    if category == "Zs" or char == "\t":
        return " "
    return "" if category == "Cc" or char in _BIDI or char in _UNSEEN else char
