"""Whether a practice's patients can be had by their birthday: as its own answers have shown."""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from adapters.rest.record import Record

KEPT_FOR = timedelta(minutes=15)

_GOOD, _USELESS = "good", "useless"


@dataclass(frozen=True, slots=True)
class Birthdays:
    """What is kept outlives the desk and counts for a while; nothing of a patient is in it.

    An empty answer proves nothing: a filter may be taken for another one, or match no date at all.
    """

    kept: MutableMapping[str, Any]
    key: str
    clock: Callable[[], datetime]

    @property
    def are_useless(self) -> bool:
        return self._recall() == _USELESS

    @property
    def are_proven(self) -> bool:
        """Whether whoever it does not name was not born that day."""
        return self._recall() == _GOOD

    def judge(self, rows: Sequence[Record], born: date) -> None:
        """By an answer: those of that day and nobody else, or everybody with no filter at all."""
        told = [str(row.raw("birthdate") or "") for row in rows]
        if all(one.startswith(born.isoformat()) for one in told):
            self._keep(_GOOD) if told else None
        else:
            self.give_up()

    def give_up(self) -> None:
        """It is refused, overlooked, or does not name whom it should."""
        self._keep(_USELESS)

    def _keep(self, found: str) -> None:
        self.kept[self._key] = (self.clock(), found)

    def _recall(self) -> str | None:
        at, found = self.kept.get(self._key, (None, None))
        if at is None or not timedelta() <= self.clock() - at < KEPT_FOR:
            return None
        return str(found)

    @property
    def _key(self) -> str:
        return f"{self.key} sikka by birthday"
