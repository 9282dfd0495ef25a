"""Opens a connection's PMS to look something up anew: what was read before is not good enough."""

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

from adapters import pms
from adapters.opening import REMEMBER_SECONDS, Opener
from adapters.rest.memory import Memory
from domain.connections import Connection
from domain.sources import AppointmentSource


class Within(MutableMapping[str, Any]):
    """The part of a memory that belongs to one look."""

    def __init__(self, memory: Memory, look: str) -> None:
        self._memory = memory
        self._start = f"{look} "

    def __getitem__(self, key: str) -> Any:
        return self._memory[self._start + key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._memory[self._start + key] = value

    def __delitem__(self, key: str) -> None:
        del self._memory[self._start + key]

    def __iter__(self) -> Iterator[str]:
        ours = (key for key in self._memory if key.startswith(self._start))
        return (key.removeprefix(self._start) for key in ours)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True)
class AnewOpener:
    """A look that has to wait goes on with what it had; another look begins with nothing."""

    opener: Opener
    _memory: Memory = field(default_factory=lambda: Memory(seconds=REMEMBER_SECONDS))

    def __call__(self, connection: Connection, look: str) -> AppointmentSource:
        here = self.opener.placed(connection)
        ports = replace(self.opener.ports(here), remembered=Within(self._memory, look))
        return pms.open_source(here, secrets=self.opener.secrets_of(here), ports=ports)
