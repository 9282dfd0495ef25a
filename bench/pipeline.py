"""Measures the sync pipeline: 20,000 appointments at no vendor latency, and the same again."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from statistics import median
from typing import Any

from bench.stage import Stage, ceiling, stage, sync_apart

PRACTITIONERS, A_DAY, DAYS = 10, 1000, 20
FIRST_DAY = date(2026, 6, 1)

Row = Sequence[str]
HEADINGS: Row = (
    "what", "rows", "appointments/s", "seconds", "CPU s", "RSS MB", "WAL MB", "rows written"
)  # fmt: skip


def rows(*, again: int = 3) -> Iterator[Row]:
    """A quarter of the rows first, to compare memory; then every load, then the limits."""
    for days in (DAYS // 4, DAYS):
        with practice(days) as here:
            # The simulator is asked once for everything; from here on it is played back.
            ceiling(here, "fetch")
            yield told("first load", sync_apart(here))
            yield told("unchanged reload", _middle([sync_apart(here) for _ in range(again)]))
            if days == DAYS:
                yield told("1 % changed", _middle([_changed(here) for _ in range(again)]))
                yield told("1 % changed once, no clock", _changed(here, "none"))
                for what in ("fetch", "parse"):
                    yield told(f"limit: {what} only", ceiling(here, what))


def practice(days: int) -> Any:
    """A practice of that many days of 1,000 appointments, in a window that holds them all."""
    options = ["--practitioners", str(PRACTITIONERS), "--appointments", str(A_DAY)]
    window = [FIRST_DAY, FIRST_DAY + timedelta(days=days - 1)]
    return stage([*options, "--limit", "off"], window, played=True)


def told(what: str, took: dict[str, Any]) -> Row:
    count = took["rows"] if "rows" in took else took["run"]["fetched"]
    wal = f"{took['wal'] / 1e6:.2f}" if "wal" in took else ""
    return (
        what,
        f"{count:,}",
        f"{count / took['seconds']:,.0f}",
        f"{took['seconds']:.2f}",
        f"{took['cpu']:.2f}",
        f"{took['rss_mb']:.0f}",
        wal,
        f"{took['writes']:,}" if "writes" in took else "",
    )


def _changed(here: Stage, clock: str = "wide") -> dict[str, Any]:
    here.live(DAYS * A_DAY // 100)
    ceiling(here, "fetch")
    return sync_apart(here, clock)


def _middle(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    half = median(run["seconds"] for run in runs)
    return min(runs, key=lambda run: abs(run["seconds"] - half))
