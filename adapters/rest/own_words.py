"""What a practice says its PMS's own words or codes for a status mean."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.rest.words import plain
from domain.appointments import Status
from domain.connections import Connection
from domain.errors import BadInput


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A setting such as `Recovery=arrived; Rebook=cancelled`; `example` is how it is written."""

    setting: str
    example: str

    def read(self, connection: Connection) -> Mapping[str, Status]:
        return dict(self._pairs(connection.settings.get(self.setting)))

    def check(self, given: Mapping[str, Any]) -> None:
        """Refuse what the next sync could not use."""
        dict(self._pairs(given.get(self.setting)))

    def _pairs(self, given: Any) -> Iterator[tuple[str, Status]]:
        for one in str(given or "").split(";"):
            word, _, meaning = (part.strip() for part in one.rpartition("="))
            if not one.strip():
                continue
            if not word:
                raise BadInput(f"{self.setting} is written {self.example}.")
            if meaning not in set(Status):
                known = ", ".join(each.value for each in Status)
                raise BadInput(f"{self.setting} knows no '{meaning[:40]}'; the words are {known}.")
            yield plain(word), Status(meaning)
