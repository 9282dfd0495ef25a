"""A recording in a PMS's place: answers in the order they came, its clock, and no line at all."""

import zlib
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, Never
from uuid import UUID

from adapters import pms
from adapters.rest.memory import Memory
from adapters.rest.ports import Answer, Ports
from domain.connections import Connection, KnownType, State
from domain.credentials import Token, TokenRequest
from domain.errors import BadInput, BrokenContract, Refused, SyncError, Transient
from domain.limits import Budget, Outlook
from domain.recordings import Made, NotRecorded, Question
from domain.sources import AppointmentSource
from infra import http

SHORTEST_FORGOTTEN = 3600.0
"""What was asked for is remembered by real seconds, and a replay takes hardly any."""

_BROKE: Mapping[str, type[SyncError]] = {
    one.__name__: one for one in (BrokenContract, Refused, Transient, http.NotSent)
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What was answered to one question, or how the line broke; and when.

    Its body stays `packed` until it is played: opened, a recording is many times as large.
    """

    question: Question
    at: datetime
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    packed: bytes = field(default=b"", repr=False)
    broke: SyncError | None = None

    @property
    def answer(self) -> http.Answer | None:
        if self.status is None:
            return None
        body = zlib.decompress(self.packed)
        return http.Answer(status=self.status, headers=self.headers, body=body)

    @classmethod
    def of(cls, part: Mapping[str, Any], body: bytes) -> "Heard":
        asked = {name: part[name] for name in ("method", "path", "body")}
        question, at = Question(**asked), datetime.fromisoformat(part["at"])
        if "status" not in part:
            return cls(question, at, broke=_BROKE.get(part["error"], Transient)(part["text"]))
        return cls(question, at, part["status"], part["headers"], zlib.compress(body))


@dataclass(slots=True)
class Player:
    """Plays answers by what was asked, those to the same question in their order.

    Threads may ask at once. `clock` shows when the answer came that was played last.
    """

    begun_at: datetime
    asked: Counter[str] = field(default_factory=Counter)
    missing: str | None = field(default=None, repr=False)
    _now: datetime = field(init=False)
    _heard: dict[Any, deque[Heard]] = field(default_factory=lambda: defaultdict(deque), repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        self._now = self.begun_at

    def load(self, heard: Sequence[Heard]) -> None:
        for one in heard:
            self._heard[one.question.key].append(one)

    def clock(self) -> datetime:
        return self._now

    def wait(self, until: datetime) -> None:
        """It is then: nobody waits for a recording."""
        self._now = max(self._now, until)

    @property
    def unasked(self) -> int:
        """Answers nobody wanted."""
        return sum(len(one) for one in self._heard.values())

    def answered(self, question: Question, send: object) -> Answer:
        with self._lock:
            waiting = self._heard.get(question.key)
            if not waiting:
                self.missing = self.missing or question.sentence
                raise NotRecorded(question.sentence)
            heard = waiting.popleft()
            self._now = max(self._now, heard.at)
            self.asked[question.sentence] += 1
        answer = heard.answer
        if answer is None:
            raise heard.broke or Transient("the connection broke")
        return answer


class _NoLine:
    """Nothing leaves, not even a request for a token."""

    def send(self, method: str, url: str, **request: object) -> Never:
        raise NotRecorded(f"{method} of a token")


class _StandIns:
    """Nothing is signed: a recording believes everybody."""

    def current(self, request: TokenRequest) -> Token:
        return Token(value=request.stand_in)

    def renewed(self, request: TokenRequest, *, refused: Token) -> Token:
        return Token(value=request.stand_in)

    def proactive(self, request: TokenRequest) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class _Free:
    """What was paid for once costs nothing, and nobody else's allowance hears of it."""

    player: Player

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        return self.player.clock()

    def pause(self, bucket: str, *, seconds: float) -> None:
        return

    def observe(
        self,
        bucket: str,
        *,
        limit: int | None = None,
        remaining: int | None = None,
        reset_seconds: float | None = None,
    ) -> None:
        return

    def outlook(
        self, budgets: Sequence[Budget], *, requests: int = 1, voice: bool = False
    ) -> Outlook:
        raise NotRecorded("an outlook on the vendor's limits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A recording, opened: what each attempt went by, what was answered, and what it made of it.

    `openings` are the connection as it was and the names of its secrets; `connection` is what rows
    were sorted by in the end. `told` is what our own sheet answered, by what it was asked.
    """

    begun_at: datetime
    args: Mapping[str, Any]
    openings: Sequence[tuple[Connection, Sequence[str]]]
    connection: Connection
    heard: Sequence[Heard] = field(repr=False)
    told: Mapping[str, Sequence[Any]] = field(repr=False)
    then: Made

    @classmethod
    def of(cls, begun_at: datetime, parts: Iterable[tuple[Mapping[str, Any], bytes]]) -> "Recorded":
        kinds: dict[str, list[Any]] = defaultdict(list)
        told: dict[str, list[Any]] = defaultdict(list)
        made = Made()
        for part, body in parts:
            match part["kind"]:
                case "answer":
                    kinds["heard"].append(Heard.of(part, body))
                case "read":
                    made.read(part["rows"])
                case "aside":
                    made.set_aside(part["told"])
                case "sheet":
                    told[part["what"]].append(part["told"])
                case kind:
                    kinds[kind].append(part)
        openings = [(connection_of(one["connection"]), one["secrets"]) for one in kinds["opened"]]
        if not openings:
            raise BadInput("Nothing was asked in this run, so its recording has nothing to play.")
        made.requests = Counter(one.question.sentence for one in kinds["heard"])
        sorted_by = [connection_of(one["connection"]) for one in kinds["connection"]]
        return cls(
            begun_at=begun_at,
            args=kinds["begun"][0]["args"] if kinds["begun"] else {},
            openings=openings,
            connection=[openings[-1][0], *sorted_by][-1],
            heard=kinds["heard"],
            told=told,
            then=made,
        )


def memory() -> Memory:
    return Memory(seconds=SHORTEST_FORGOTTEN)


def open_source(
    connection: Connection, secrets: Sequence[str], player: Player, remembered: Memory
) -> AppointmentSource:
    """The PMS as an attempt of the recorded run found it; its secrets are stand-ins."""
    ports = Ports(
        sender=_NoLine(),
        tokens=_StandIns(),
        throttle=_Free(player),
        clock=player.clock,
        remembered=remembered,
        codes={},
        tape=player,
    )
    given = {name: f"stand-in-for-{name}" for name in secrets}
    return pms.open_source(connection, secrets=given, ports=ports)


def connection_of(told: Mapping[str, Any]) -> Connection:
    """As `as_json` wrote it; what a later version adds is as nobody set it."""
    kept = {name: one for name, one in told.items() if name in Connection.__slots__}
    return Connection(
        **{
            **kept,
            "id": UUID(told["id"]),
            "state": State(told["state"]),
            "telehealth_types": frozenset(told["telehealth_types"]),
            "types": {key: KnownType(**one) for key, one in told["types"].items()},
            "clinicians": {key: UUID(one) for key, one in told["clinicians"].items()},
            "last_sync_at": None,
            "emptied": frozenset(told["emptied"]),
        }
    )
