"""How answers look: JSON on one line for programs, calm tables for people."""

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.lines import plain
from console.widths import are_whole, fitted
from domain.sheet import as_json

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON on one line.")]

SHORT_ID = 8
BLANK = " "
"""Nothing to say, which needs no dash."""
GAP, EDGES = 2, 2
"""Blanks between two columns, and those around the table."""
UNBOUNDED = 100_000
"""Columns of what is no terminal: a line that goes to a program or a file is never folded."""
MINUTE, HOUR, DAY = 60, 3600, 86400

TONES = {
    "success": "green",
    "done": "green",
    "ACTIVE": "green",
    "ok": "green",
    "partial": "yellow",
    "restored": "yellow",
    "warning": "yellow",
    "SETUP_REQUIRED": "yellow",
    "INACTIVE": "yellow",
    "failed": "red",
    "dead": "red",
    "ERROR": "red",
    "NEEDS_SIGN_IN": "red",
    "bad": "red",
}
"""Colours of the few words that have one; everything else stays plain."""


def answer(value: Any) -> None:
    """One JSON document on standard output; letters that it has no bytes for are escaped."""
    is_any_letter_said = "utf" in (sys.stdout.encoding or "").lower()
    sys.stdout.write(json.dumps(as_json(value), ensure_ascii=not is_any_letter_said) + "\n")
    # Who reads it through a pipe need not wait until a command that stays up has ended.
    sys.stdout.flush()


def say(message: str = "") -> None:
    """A line for a person."""
    out().print(plain(message), markup=False, highlight=False, soft_wrap=True)


def out() -> Console:
    """Standard output as it is at this moment."""
    columns = shutil.get_terminal_size(fallback=(0, 0)).columns
    return Console(highlight=False, width=None if columns else UNBOUNDED)


def err() -> Console:
    return Console(stderr=True, highlight=False)


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    title: str = "",
    figures: Sequence[str] = (),
) -> None:
    """Rows under plain headings; numbers to the right, and the columns of `figures`.

    Where the terminal is so narrow that words would be broken, row after row, each on lines.
    """
    kept = [list(row) for row in rows]
    if kept and not has_room(headings, kept):
        _row_after_row(headings, kept, title=title)
        return
    made = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title=Text(plain(title), style="table.title") if title else None,
        title_justify="left",
    )
    cells = [[cell(one) for one in row] for row in kept]
    terminal = out()
    widths = fitted(_columns(headings, cells), room=_room(headings))
    for at, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        column = [row[at] for row in kept]
        numeric = heading in figures or (
            bool(column) and all(isinstance(one, int | float) for one in column)
        )
        made.add_column(
            heading, justify="right" if numeric else "left", overflow="fold", width=width
        )
    for row in cells:
        made.add_row(*row)
    terminal.print(made)


def _row_after_row(headings: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str) -> None:
    if title:
        say(title)
    for first, *others in rows:
        say(f"{headings[0]} {cell(first).plain}".strip())
        facts(
            (f"  {name}", one)
            for name, one in zip(headings[1:], others, strict=True)
            if one != BLANK
        )


def has_room(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> bool:
    """Whether such a table breaks no word of its own."""
    cells = [[cell(one) for one in row] for row in rows]
    return are_whole(_columns(headings, cells), room=_room(headings))


def _columns(headings: Sequence[str], cells: Sequence[Sequence[Text]]) -> list[list[str]]:
    return [[name, *(row[at].plain for row in cells)] for at, name in enumerate(headings)]


def _room(headings: Sequence[str]) -> int:
    return out().width - GAP * (len(headings) - 1) - EDGES


def facts(pairs: Iterable[tuple[str, Any]]) -> None:
    """A thing's properties, one a line."""
    made = Table(box=None, show_header=False, pad_edge=False)
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        made.add_row(name, cell(value))
    out().print(made)


def cell(value: Any) -> Text:
    """A value as a person reads it; markup in data stays text."""
    match value:
        case Text():
            return value
        case None | "":
            return Text("-", style="dim")
        case bool():
            return Text("yes" if value else "no")
        case float():
            return Text(f"{value:.1f}")
        case datetime():
            return Text(value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ"))
    return Text(plain(str(value)), style=TONES.get(str(value), ""))


def short(identifier: Any) -> str:
    """The beginning of an id, which every command takes in its place."""
    return str(identifier)[:SHORT_ID]


def ago(instant: datetime | None, *, now: datetime) -> str:
    """How long since, in the largest unit that fits."""
    if instant is None:
        return "never"
    return f"{span((now - instant).total_seconds())} ago"


def span(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    for unit, letter in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.0f} {letter}"
    return f"{max(seconds, 0):.0f} s"
