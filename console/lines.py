"""Lines of text: what a person may give as one, and how any is shown on a terminal."""

import typer

LONGEST = 200
KEPT = "\n\t"
TURNING = "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Breaks a line, or has what follows read from the other side."""
CONTROLS = dict.fromkeys(
    {*range(32), *range(127, 160), *map(ord, TURNING)} - set(map(ord, KEPT)),
    "\N{REPLACEMENT CHARACTER}",
)
"""What would move a terminal's cursor, or colour what follows: names from elsewhere may."""


def one_line(param: typer.CallbackParam, value: str | None) -> str | None:
    """Nothing that moves a terminal's cursor, breaks a table or shows as nothing."""
    if value is None or value == param.default:
        return value
    told = value.strip()
    if not told or not told.isprintable() or len(told) > LONGEST:
        raise typer.BadParameter(f"give one line of text, of at most {LONGEST} characters")
    return told


def plain(text: str) -> str:
    """As it may be shown on a terminal, whoever wrote it."""
    return text.translate(CONTROLS)
