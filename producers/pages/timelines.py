"""How a timeline is drawn: a bar for each step in which syncs began, the openings behind them."""

from collections.abc import Mapping, Sequence

from domain.counting import so_many
from domain.timelines import STEPS, Span, Step, Timeline
from producers.pages.rendering import ENVIRONMENT, moment

WIDTH, HEIGHT, LEAST = 480.0, 40.0, 7.0
TICK = STEPS // 4
"""A mark every so many steps."""

COUNTED: Mapping[str, str] = {
    "fetched": "read",
    "created": "new",
    "updated": "changed",
    "skipped": "left out",
    "removed": "removed",
    "rejected": "unreadable",
    "conflicts": "conflicts",
}
"""In the words of the runs below."""


def bars(line: Timeline) -> Sequence[tuple[Step, float, float, float]]:
    """Each step with its left edge, top and height: the more it changed, the higher."""
    most = max([1, *(one.done for one in line.steps)])
    made = []
    for one in line.steps:
        height = round(LEAST + (HEIGHT - LEAST) * one.done / most, 1)
        made.append((one, round(WIDTH * one.place / STEPS, 1), round(HEIGHT - height, 1), height))
    return made


def openings(line: Timeline) -> Sequence[tuple[float, float]]:
    """Left edge and width of each opening."""
    parts = [(line.part(one.start), line.part(one.end)) for one in line.openings]
    return [(round(WIDTH * start, 1), round(WIDTH * (end - start), 1)) for start, end in parts]


def told(step: Step) -> str:
    """`3 runs, 412 read, 2 new`."""
    runs = so_many(step.runs, "run")
    some = [f"{many} {word(name, many)}" for name in COUNTED if (many := step.counts.get(name))]
    ended = "" if step.worst == "success" else f", {step.worst}"
    return ", ".join([f"{runs}{ended}", *some])


def word(name: str, many: int) -> str:
    """What so many of them are called."""
    return COUNTED[name].removesuffix("s") if many == 1 else COUNTED[name]


def ticks(line: Timeline, timezone: str) -> Sequence[str]:
    """Marks below the line, evenly spread over it."""
    shown = []
    for place in range(0, STEPS, TICK):
        written = moment(line.at(place), timezone)
        shown.append(written if line.span is Span.WEEK else written.rpartition(" ")[2])
    return [*shown, "now"]


ENVIRONMENT.filters.update(
    timeline_bars=bars, timeline_openings=openings, step_words=told, timeline_ticks=ticks
)
ENVIRONMENT.globals.update(timeline_counts=COUNTED, timeline_word=word)
