"""What a vendor's code lists say: kept for good, and read anew where they lack a code."""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from adapters.rest.surroundings import ReadCodes
from domain.errors import BrokenContract, NeedsReconnect, Refused, Transient

_NOT_FOR_US = (Refused, NeedsReconnect)
_UNREAD = (*_NOT_FOR_US, BrokenContract, Transient)


@dataclass(slots=True)
class CodeLists:
    """One connection's, as far as one source asks for them; each is read anew once at most."""

    ask: Callable[[str, str], Any]
    kept: MutableMapping[str, Any]
    whose: UUID
    _read: set[str] = field(default_factory=set)

    def meaning(self, url: str, path: str, code: str, read: ReadCodes) -> Any:
        """What the list there says of the code; None where it does not know it."""
        key = f"{self.whose} {url}"
        if code not in self.kept.get(key, {}) and key not in self._read:
            self.kept[key] = self._list(url, path, read, was=self.kept.get(key))
            self._read.add(key)
        return self.kept.get(key, {}).get(code)

    def _list(
        self, url: str, path: str, read: ReadCodes, *, was: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        """Read anew, or as kept; what is refused twice is none, for there is more to go by."""
        try:
            return read(self.ask(url, path))
        except _UNREAD as problem:
            if was is not None:
                return was
            if not isinstance(problem, _NOT_FOR_US):
                raise
        try:
            return read(self.ask(url, path))
        except _NOT_FOR_US:
            return {}
