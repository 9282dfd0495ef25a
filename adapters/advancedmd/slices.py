"""The days of a window cut into requests: whole weeks where that saves some, else single days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from domain.errors import BadInput
from domain.window import Window, local_day, whole_days

DAY, WEEK = "day", "week"
_DAYS = {DAY: 1, WEEK: 7}
_A_DAY = timedelta(days=1)
_MOST_COLUMNS = 60
"""Column ids in one address; more make it longer than servers like."""


class OtherDays(Exception):
    """A week that is not, or may not be, the one that was asked for."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One request: from `start`, for a day or a week, of these columns; of all without any."""

    view: str
    start: date
    columns: tuple[str, ...]

    @property
    def params(self) -> dict[str, str]:
        return {
            "columnId": "-".join(self.columns),
            "forView": self.view,
            "isLegacy": "true",
            "startDate": self.start.isoformat(),
        }

    def window(self, timezone: str) -> Window:
        """All the time that it asks for."""
        return whole_days(self.start, self.start + (_DAYS[self.view] - 1) * _A_DAY, timezone)

    def halves(self, window: Window, timezone: str) -> tuple["Slice", ...]:
        """Two that bring the same between them; none where it cannot be cut further."""
        if self.view == WEEK:
            first, last = _days_of(window, timezone)
            days = (self.start + number * _A_DAY for number in range(_DAYS[WEEK]))
            return tuple(Slice(DAY, day, self.columns) for day in days if first <= day <= last)
        middle = len(self.columns) // 2
        if not middle:
            return ()
        return (
            Slice(self.view, self.start, self.columns[:middle]),
            Slice(self.view, self.start, self.columns[middle:]),
        )

    def is_shown_by(self, days: Iterable[date]) -> bool | None:
        """Whether these are the days it asked for; None where they say nothing of it.

        Whoever begins a week on Monday tells the one that ends with our Sunday.
        """
        told = {(day - self.start).days for day in days}
        if any(not 0 <= day < _DAYS[self.view] for day in told):
            return False
        return True if told - {0} else None

    def __str__(self) -> str:
        return f"{self.view}:{self.start.isoformat()}:{'-'.join(self.columns)}"


def planned(
    window: Window, timezone: str, columns: Sequence[str], *, by_day: bool = False
) -> tuple[Slice, ...]:
    """As few requests as cover the window. Never a month: that view leaves statuses out.

    Weeks are asked for from their Sunday, which means the same days whether a view begins at the
    date it is given or with the week that holds it.
    """
    first, last = _days_of(window, timezone)
    found: list[Slice] = []
    day = first
    while day <= last:
        sunday = day - ((day.weekday() + 1) % 7) * _A_DAY
        ends = min(last, sunday + 6 * _A_DAY)
        together = not by_day and ends > day
        found += [
            Slice(WEEK if together else DAY, sunday if together else day, chunk)
            for chunk in _chunks(columns)
        ]
        day = (ends if together else day) + _A_DAY
    return tuple(found)


def written(slices: Sequence[Slice]) -> str | None:
    """Where to go on: what is still to be asked."""
    return ";".join(map(str, slices)) or None


def read(mark: str) -> tuple[Slice, ...]:
    """What `written` wrote."""
    try:
        parts = [one.split(":") for one in mark.split(";")]
        return tuple(
            Slice(view, date.fromisoformat(day), tuple(one for one in columns.split("-") if one))
            for view, day, columns in parts
            if view in _DAYS
        )
    except ValueError:
        raise BadInput("a mark to go on from cannot be read") from None


def _days_of(window: Window, timezone: str) -> tuple[date, date]:
    last = max(window.start, window.end - timedelta(microseconds=1))
    return local_day(window.start, timezone), local_day(last, timezone)


def _chunks(columns: Sequence[str]) -> list[tuple[str, ...]]:
    starts = range(0, max(len(columns), 1), _MOST_COLUMNS)
    return [tuple(columns[start : start + _MOST_COLUMNS]) for start in starts]
