"""Lines of text: what a person may give as one, and how any is shown on a terminal."""

import typer

LONGEST = 200
KEPT = "\n\t"
CONTROLS = dict.fromkeys(
    {*range(32), *range(127, 160)} - set(map(ord, KEPT)), "\N{REPLACEMENT CHARACTER}"
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
