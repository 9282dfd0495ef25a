"""Draws the tables that `python -m bench --json FILE` kept as bars, one SVG for each bench.

python -m bench.plots FILE [FOLDER]; the folder is docs/plots unless it is named. All tables in FILE
are printed as Markdown.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.results import markdown, read

FOLDER = Path(__file__).parent.parent / "docs" / "plots"
OURS = "ours"
WIDTH, LABELS, BARS = 760, 190, 440
TOP, ROW, BAR, GROUP = 64, 26, 16, 30
STYLE = """
  :root { background: #ffffff; }
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24303c; }
  .title { font-size: 16px; font-weight: 600; }
  .group { font-weight: 600; }
  .quiet, .label { fill: #5a6775; }
  .ours { fill: #0f766e; }
  .other { fill: #aab6c2; }
  text.ours { font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    :root { background: #161b22; }
    text { fill: #e4e9ee; }
    .quiet, .label { fill: #9aa7b4; }
    .ours { fill: #2dd4bf; }
    .other { fill: #566373; }
  }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Which columns of a bench's table become bars, and how they are to be read."""

    title: str
    value: str
    note: str
    name: str
    group: tuple[str, ...] = ()
    marks: str = OURS


CHARTS: Mapping[str, Chart] = {
    "voice-hop": Chart(
        title="To a worker and back, nothing done there",
        value="p50 ms",
        note="milliseconds at the median, less is better; raw is the limit",
        name="what",
    ),
    "pipes": Chart(
        title="20,000 appointments into PostgreSQL",
        value="appointments/s",
        note="appointments a second, more is better",
        name="system",
        group=("load",),
    ),
    "clocks": Chart(
        title="One budget of 60 a minute, four processes",
        value="over, at the door",
        note="windows that held too many requests at the vendor's door, fewer is better",
        name="clock",
    ),
    "scaling": Chart(
        title="Small practices, all to be synced at once",
        value="rows/s",
        note="rows a second by practices, more is better",
        name="connections",
        group=("workers", "load"),
        marks="",
    ),
}


def main() -> None:
    folder = Path(sys.argv[2]) if sys.argv[2:] else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    kept = read(Path(sys.argv[1]))
    for name, chart in CHARTS.items():
        if name in kept:
            drawn = svg(chart, kept[name])
            (folder / f"{name}.svg").write_text(drawn, encoding="utf-8")
    for name, measured in kept.items():
        sys.stdout.write(f"{name}, ended {measured['ended']}, {measured['machine']}\n\n")
        sys.stdout.write(markdown(measured["headings"], measured["rows"]) + "\n")


def svg(chart: Chart, measured: Mapping[str, Any]) -> str:
    """The whole picture; it follows the light or the dark of whoever looks at it."""
    bars = [_cells(chart, measured["headings"], row) for row in measured["rows"]]
    parts, at = list[str](), TOP
    most = max(number(shown) for _, _, shown in bars) or 1.0
    for group, members in groupby(bars, key=lambda bar: bar[0]):
        if group:
            parts.append(_text(group, x=0, y=at + 12, kind="group"))
            at += GROUP - 8
        for _, name, shown in members:
            parts += _bar(name, shown, at=at, share=number(shown) / most, marks=chart.marks)
            at += ROW
        at += GROUP - ROW
    return "\n".join([*_head(chart, measured, height=at + 8), *parts, "</svg>", ""])


def number(shown: str) -> float:
    """What a cell of a table says, without its commas and signs."""
    return float(shown.replace(",", "").rstrip("%"))


def _cells(chart: Chart, headings: Sequence[str], row: Sequence[str]) -> tuple[str, str, str]:
    """Group, name and value."""
    cells = dict(zip(headings, row, strict=True))
    group = ", ".join(_named(column, cells[column]) for column in chart.group)
    return group, cells[chart.name], cells[chart.value]


def _named(column: str, cell: str) -> str:
    """A number says of what it is one."""
    if not cell.isdigit():
        return cell
    return f"{cell} {column.removesuffix('s') if cell == '1' else column}"


def _head(chart: Chart, measured: Mapping[str, Any], *, height: int) -> Iterator[str]:
    label = escape(f"{chart.title}: {chart.note}", quote=True)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="{label}">'
    )
    yield f"<style>{STYLE}</style>"
    yield _text(chart.title, x=0, y=24, kind="title")
    yield _text(f"{chart.note} · {measured['ended'][:10]}", x=0, y=44, kind="quiet")


def _bar(name: str, shown: str, *, at: int, share: float, marks: str) -> Iterator[str]:
    kind = "ours" if marks in ("", name) else "other"
    long = max(share * BARS, 1.0)
    middle = at + BAR - 3
    yield _text(name, x=LABELS - 10, y=middle, kind=f"{'ours' if name == OURS else 'label'} end")
    yield f'<rect class="{kind}" x="{LABELS}" y="{at}" width="{long:.1f}" height="{BAR}" rx="3"/>'
    yield _text(shown, x=LABELS + long + 8, y=middle, kind="value")


def _text(words: str, *, x: float, y: float, kind: str) -> str:
    anchor = ' text-anchor="end"' if kind.endswith(" end") else ""
    kind = kind.removesuffix(" end")
    return f'<text class="{kind}" x="{x:.1f}" y="{y}"{anchor}>{escape(words)}</text>'


if __name__ == "__main__":
    main()
