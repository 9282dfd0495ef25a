"""The lines in which people read a week."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from domain.freshness import span
from domain.summaries import A_WEEK, Summary, Week

NOTHING = "–"  # noqa: RUF001 - a dash, as tables have it


@dataclass(frozen=True, slots=True)
class Course:
    """A figure over some weeks, the oldest first; its least and greatest as people read them."""

    figures: Sequence[float]
    least: str
    most: str


@dataclass(frozen=True, slots=True)
class Line:
    """One figure, beside that of the week before; `needs_look` where it got worse.

    Without a `course` where it never was anything, or is none that goes up and down.
    """

    title: str
    this: str
    before: str
    needs_look: bool = False
    course: Course | None = None


def lines(told: Summary, earlier: Sequence[Week] = ()) -> Sequence[Line]:
    """With `earlier` weeks, the oldest first, each figure has its course up to this one."""
    weeks = [*earlier, told.this]
    return [
        Line(
            title,
            say(told.this),
            say(told.before),
            worse(told.this, told.before),
            figure and _course(weeks, say, figure),
        )
        for title, say, worse, figure in LINES
    ]


def _course(
    weeks: Sequence[Week], say: Callable[[Week], str], figure: Callable[[Week], float | None]
) -> Course | None:
    figures = [figure(week) or 0.0 for week in weeks]
    if not any(figures):
        return None
    by_figure = sorted(zip(figures, weeks, strict=True), key=lambda pair: pair[0])
    return Course(figures, least=say(by_figure[0][1]), most=say(by_figure[-1][1]))


def title_of(week: date) -> str:
    """`9 to 15 Nov 2026`."""
    last = week + A_WEEK - timedelta(days=1)
    first = f"{week.day}" if week.month == last.month else f"{week:%-d %b}"
    return f"{first} to {last:%-d %b %Y}"


def _never(_this: Week, _before: Week) -> bool:
    return False


def _said(name: str) -> Callable[[Week], str]:
    return lambda week: f"{getattr(week, name):,}"


def _figure(name: str) -> Callable[[Week], float | None]:
    return lambda week: getattr(week, name)


def _more(name: str) -> Callable[[Week, Week], bool]:
    return lambda this, before: bool(getattr(this, name) > getattr(before, name))


def _share(week: Week) -> str:
    share = week.complete_share
    return NOTHING if share is None else f"{share:.1%}"


def _seconds(week: Week) -> str:
    return NOTHING if week.mean_seconds is None else f"{week.mean_seconds:.1f} s"


def _broken(week: Week) -> str:
    if not week.late_times:
        return "0"
    return f"{week.late_times}, for {span(timedelta(minutes=week.late_minutes))} in all"


def _hour(week: Week) -> str:
    hour = week.busiest_hour
    return NOTHING if hour is None else f"{hour:02}:00 to {(hour + 1) % 24:02}:00"


def _failed_more(this: Week, before: Week) -> bool:
    return this.failed > before.failed


LINES: Sequence[
    tuple[
        str,
        Callable[[Week], str],
        Callable[[Week, Week], bool],
        Callable[[Week], float | None] | None,
    ]
] = (
    ("Syncs", _said("syncs"), _never, _figure("syncs")),
    ("Ended complete", _share, _failed_more, _figure("complete_share")),
    ("Mean length", _seconds, _never, _figure("mean_seconds")),
    ("Appointments read", _said("read"), _never, _figure("read")),
    ("Added", _said("created"), _never, _figure("created")),
    ("Changed", _said("updated"), _never, _figure("updated")),
    ("Removed", _said("removed"), _never, _figure("removed")),
    ("Could not be read", _said("unreadable"), _more("unreadable"), _figure("unreadable")),
    ("Conflicts", _said("conflicts"), _never, _figure("conflicts")),
    (
        "Conflicts open at its end",
        _said("conflicts_open"),
        _more("conflicts_open"),
        _figure("conflicts_open"),
    ),
    ("Freshness promises broken", _broken, _more("late_minutes"), _figure("late_minutes")),
    ("Calls", _said("calls"), _never, _figure("calls")),
    ("Busiest hour", _hour, _never, None),
    ("Bookings by phone", _said("bookings"), _never, _figure("bookings")),
    ("Of them in the practice's book", _said("booked"), _never, _figure("booked")),
    (
        "Bookings that failed",
        _said("bookings_failed"),
        _more("bookings_failed"),
        _figure("bookings_failed"),
    ),
)
