"""The lines in which people read a week."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from domain.freshness import span
from domain.summaries import A_WEEK, Summary, Week

NOTHING = "–"  # noqa: RUF001 - a dash, as tables have it


@dataclass(frozen=True, slots=True)
class Line:
    """One figure, beside that of the week before; `needs_look` where it got worse."""

    title: str
    this: str
    before: str
    needs_look: bool = False


def lines(told: Summary) -> Sequence[Line]:
    return [
        Line(title, say(told.this), say(told.before), worse(told.this, told.before))
        for title, say, worse in LINES
    ]


def title_of(week: date) -> str:
    """`9 to 15 Nov 2026`."""
    last = week + A_WEEK - timedelta(days=1)
    first = f"{week.day}" if week.month == last.month else f"{week:%-d %b}"
    return f"{first} to {last:%-d %b %Y}"


def _never(_this: Week, _before: Week) -> bool:
    return False


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


LINES: Sequence[tuple[str, Callable[[Week], str], Callable[[Week, Week], bool]]] = (
    ("Syncs", lambda week: str(week.syncs), _never),
    ("Ended complete", _share, lambda this, before: this.failed > before.failed),
    ("Mean length", _seconds, _never),
    ("Appointments read", lambda week: str(week.read), _never),
    ("Added", lambda week: str(week.created), _never),
    ("Changed", lambda week: str(week.updated), _never),
    ("Removed", lambda week: str(week.removed), _never),
    ("Could not be read", lambda week: str(week.unreadable), _more("unreadable")),
    ("Conflicts", lambda week: str(week.conflicts), _never),
    ("Conflicts open at its end", lambda week: str(week.conflicts_open), _more("conflicts_open")),
    ("Freshness promises broken", _broken, _more("late_minutes")),
    ("Calls", lambda week: str(week.calls), _never),
    ("Busiest hour", _hour, _never),
    ("Bookings by phone", lambda week: str(week.bookings), _never),
    ("Of them in the practice's book", lambda week: str(week.booked), _never),
    ("Bookings that failed", lambda week: str(week.bookings_failed), _more("bookings_failed")),
)
