"""The tools of one organisation, newest first."""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from simulators.chance import chance

Tool = dict[str, Any]
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Shelf:
    """Each tool gets an id, and times a millisecond apart."""

    seed: object
    kept: dict[str, Tool] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._rng = chance("vapi", self.seed)
        self._ticks = itertools.count()
        self.org_id = self._id()
        self.key = self._id()

    def add(self, given: Mapping[str, Any]) -> Tool:
        with self.lock:
            now = self._now()
            made = {**given, "id": self._id(), "orgId": self.org_id}
            made |= {"createdAt": now, "updatedAt": now}
            self.kept[made["id"]] = made
            return made

    def change(self, tool_id: str, given: Mapping[str, Any]) -> Tool | None:
        with self.lock:
            old = self.kept.get(tool_id)
            if old is None:
                return None
            self.kept[tool_id] = {**old, **given, "updatedAt": self._now()}
            return self.kept[tool_id]

    def drop(self, tool_id: str) -> Tool | None:
        with self.lock:
            return self.kept.pop(tool_id, None)

    def listed(self, *, limit: int, before: str) -> list[Tool]:
        with self.lock:
            found = [one for one in self.kept.values() if not before or one["createdAt"] < before]
        return sorted(found, key=lambda one: str(one["createdAt"]), reverse=True)[:limit]

    def _now(self) -> str:
        at = FIRST + timedelta(milliseconds=next(self._ticks))
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _id(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128), version=4))
