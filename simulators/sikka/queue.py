"""Write-backs: taken on at once, done in their turn, and not always told of."""

import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from simulators.chance import chance, happens
from simulators.sikka.knobs import Knobs

Json = dict[str, Any]
FIRST_ID = 300_001
LOST = ("lost-504", "lost-drop", "lost-silent")
FATES = ("done", "fail", "not-logged", *LOST)
MARKS = ("description", "note", "text", "procedure_description")


class State(StrEnum):
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    DELETED = "deleted"


@dataclass(slots=True, kw_only=True)
class Writeback:
    id: str
    office_id: str
    practice_id: str
    kind: str
    method: str
    api: str
    body: Json
    requested_at: datetime
    due_at: datetime
    target: str = ""  # the appointment or patient to change
    failure: str | None = None  # what the PMS is going to say
    state: State = State.PENDING
    completed_at: datetime | None = None
    result: str = "pending"
    created_id: str = ""
    is_answered: bool = True  # the client has been told its id

    @property
    def marker(self) -> str:
        """The text by which a client may know its own again."""
        return next((str(self.body[name]) for name in MARKS if self.body.get(name)), "")

    def settle(self, state: State, at: datetime, result: str) -> None:
        self.state, self.completed_at, self.result = state, at, result

    def told(self) -> Json:
        moments = ("requested_at", "due_at", "completed_at")
        plain = {
            name: value.isoformat() if name in moments and value else value
            for name, value in asdict(self).items()
        }
        return {**plain, "marker": self.marker}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one write, decided when it is asked for."""

    name: str = "done"
    seconds: float | None = None
    text: str = ""

    def __post_init__(self) -> None:
        if self.name not in FATES:
            raise ValueError(f"no such fate: {self.name!r}; there are {', '.join(FATES)}")


@dataclass
class Queue:
    seed: object
    knobs: Knobs = field(default_factory=Knobs)
    all: list[Writeback] = field(default_factory=list)
    next: deque[Fate] = field(default_factory=deque)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._rng = chance("sikka", "writes", self.seed)

    def fate(self, *, can_be_refused: bool) -> Fate:
        """The next one planned, else by chance."""
        with self.lock:
            if self.next:
                return self.next.popleft()
            if can_be_refused and happens(self._rng, self.knobs.not_logged):
                return Fate(name="not-logged")
            return Fate(name="fail" if happens(self._rng, self.knobs.failing) else "done")

    def put(self, fate: Fate, **fields: Any) -> Writeback:
        with self.lock:
            low, high = self.knobs.fastest_write, self.knobs.slowest_write
            drawn = self._rng.uniform(low, max(low, high))
            seconds = drawn if fate.seconds is None else fate.seconds
            writeback = Writeback(
                id=str(FIRST_ID + len(self.all)),
                due_at=fields["requested_at"] + timedelta(seconds=seconds),
                failure=(fate.text or self.knobs.failure) if fate.name == "fail" else None,
                **fields,
            )
            self.all.append(writeback)
            return writeback

    def due(self, office_id: str, now: datetime) -> list[Writeback]:
        with self.lock:
            due = [each for each in self.pending() if each.office_id == office_id]
        return sorted((each for each in due if each.due_at <= now), key=lambda each: each.due_at)

    def pending(self) -> list[Writeback]:
        with self.lock:
            return [each for each in self.all if each.state is State.PENDING]

    def one(self, id_: str) -> Writeback | None:
        with self.lock:
            return next((each for each in self.all if each.id == id_), None)
