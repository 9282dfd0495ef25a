"""Measures a practice's day at the limits a vendor really has: 60 a minute, 1,000 an hour."""

from collections.abc import Iterator, Sequence
from datetime import date
from time import sleep
from typing import Any

from bench.stage import Stage, stage, sync_apart

LIMITS = ("60/60", "1000/3600")
DAY = date(2026, 6, 2)
WINDOW_SECONDS = 60.0
A_MINUTE = 60

Row = Sequence[str]
HEADINGS: Row = (
    "what", "rows", "requests", "seconds", "at best", "violations", "rows written"
)  # fmt: skip


def rows(*, many: int = 0) -> Iterator[Row]:
    """A day of 30 practitioners, the same again twice, and a run of `many` requests if wanted."""
    with practice(practitioners=30, appointments=400) as here:
        yield told(here, "a day, window full of credit", sync_apart(here, "real"), credit=True)
        yield told(here, "unchanged, straight after", sync_apart(here, "real"), credit=False)
        sleep(WINDOW_SECONDS + 1)
        yield told(here, "unchanged, window full again", sync_apart(here, "real"), credit=True)
    if many:
        # Three requests are spent on who works there and what they offer.
        with practice(practitioners=many - 3, appointments=many * 2) as here:
            yield told(here, "as many requests as named", sync_apart(here, "real"), credit=True)


def practice(*, practitioners: int, appointments: int) -> Any:
    """Played by the simulator itself, which refuses and counts what comes too early."""
    options = ["--practitioners", str(practitioners), "--appointments", str(appointments)]
    limits = [part for limit in LIMITS for part in ("--limit", limit)]
    return stage([*options, *limits], [DAY], played=False)


def told(here: Stage, what: str, took: dict[str, Any], *, credit: bool) -> Row:
    run = took["run"]
    return (
        what,
        f"{run['fetched']:,}",
        f"{run['requests']:,}",
        f"{took['seconds']:.1f}",
        f"{_at_best(run['requests']):.0f}" if credit else "",
        f"{here.violations(','.join(LIMITS))}",
        f"{took['writes']:,}",
    )


def _at_best(requests: int) -> float:
    """A window full of credit lets a minute's worth go at once, and the rest a minute apart."""
    return max(0, (requests - 1) // A_MINUTE) * WINDOW_SECONDS
