"""A run in memory: the sync's own handler goes over a recording, and no sheet is written."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from adapters.playing import Player, Recorded
from domain.appointments import Appointment, AppointmentType, Practitioner
from domain.intake import Candidate, Fingerprint, Listed, Sorted, row_id, sort_page
from domain.jobs import Job
from domain.origins import Known
from domain.previews import Difference
from domain.recordings import Made, NotRecorded, aside_of, row_of
from domain.runs import Progress, Run, RunStatus
from domain.sources import Page, Query, Reject, Spend
from domain.window import Window

NO_DRIFT: Mapping[str, int] = {}


@dataclass(slots=True, kw_only=True)
class Stage:
    """What a replay's attempts share, as the ledger and the sheet are shared by those of a run."""

    recorded: Recorded
    run: Run
    player: Player
    fingerprint: Fingerprint
    made: Made = field(default_factory=Made)
    checkpoint: Mapping[str, Any] = field(default_factory=dict)
    failures: int = 0
    attempts: int = 0
    told: dict[str, deque[Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.told = {what: deque(answers) for what, answers in self.recorded.told.items()}

    def begin(self, job: Job) -> "PlayedRun":
        openings = self.recorded.openings
        connection, _ = openings[min(self.attempts, len(openings) - 1)]
        self.attempts += 1
        run = replace(self.run, progress=Progress.from_checkpoint(self.checkpoint))
        return PlayedRun(self, run, connection)

    def answer(self, what: str, otherwise: Any = None) -> Any:
        """As our sheet answered then, one answer after the other; the last one stands.

        Without `otherwise` there is nothing to go on with where the run did not come so far.
        """
        waiting = self.told.get(what)
        if not waiting:
            if otherwise is None:
                raise NotRecorded(f"the sheet's {what}")
            return otherwise
        return waiting.popleft() if len(waiting) > 1 else waiting[0]


class PlayedRun:
    """Says what the sheet said when it was recorded, and notes what would be made of it now."""

    def __init__(self, stage: Stage, run: Run, connection: Any) -> None:
        self.run = run
        self.connection = connection
        self._stage = stage

    def save_reference(
        self,
        practitioners: Sequence[Practitioner],
        types: Sequence[AppointmentType],
        spent: Sequence[Spend],
    ) -> None:
        self._checkpoint()
        self.connection = self._stage.recorded.connection

    def save_practitioners(self, met: Sequence[Practitioner]) -> None:
        self.connection = self._stage.recorded.connection

    def practitioners(self) -> Sequence[Practitioner]:
        told = self._stage.answer("practitioners")
        return [Practitioner(**one) for one in told]

    @contextmanager
    def together(self) -> Iterator[None]:
        yield

    def save_progress(self, spent: Sequence[Spend], *, drift: Mapping[str, int] = NO_DRIFT) -> None:
        self._checkpoint()

    def end_query(
        self, query: Query, listed: Listed, *, spent: Sequence[Spend], drift: Mapping[str, int]
    ) -> None:
        self._checkpoint()

    def known(self, query: Query) -> Known | None:
        return Known({}, self._stage.fingerprint, self.connection) if query.complete else None

    def begin_walk(self) -> None:
        return

    def doubt(self, records: Sequence[Appointment]) -> None:
        return

    def decide(self) -> None:
        """Days are read whole, as they are whenever a person asks."""
        self.run.progress.is_decided = True

    def difference(self) -> Difference | None:
        return None

    def save_spent(self, spent: Sequence[Spend]) -> None:
        return

    def must_be_connected(self) -> None:
        return

    def previewed(self) -> frozenset[UUID]:
        return frozenset()

    def candidates(self) -> list[Candidate]:
        told = self._stage.answer("candidates", [])
        return [Candidate(**{**one, "id": UUID(one["id"])}) for one in told]

    def held(self) -> int:
        return int(self._stage.answer("held", 0))

    def witness(self, without: Sequence[UUID]) -> str | None:
        found: str = self._stage.answer("witness", "")
        return found or None

    def sort(self, records: Sequence[Appointment], *, window: Window) -> Sorted:
        """All of them new: there is no sheet that could know one."""
        self._stage.made.read([row_of(one, self.connection, window) for one in records])
        return sort_page(
            [(row_id(self.connection.id, one), one) for one in records],
            {},
            connection=self.connection,
            window=window,
            fingerprint=self._stage.fingerprint,
        )

    def save_page(
        self, found: Sorted, page: Page, *, query_key: str, spent: Sequence[Spend]
    ) -> None:
        self._stage.made.set_aside(aside_of(query_key, one) for one in page.rejects)
        self._checkpoint()

    def take_off(
        self,
        ids: Sequence[UUID],
        *,
        kept: Sequence[UUID] = (),
        left_out: Collection[UUID] = (),
        rejects: Sequence[Reject] = (),
        spent: Sequence[Spend] = (),
    ) -> None:
        self.run.progress.counts.removed += len(ids)
        self._stage.made.set_aside(aside_of("moved", one) for one in rejects)
        self._checkpoint()

    def close(
        self, *, status: RunStatus, message: str | None, details: Mapping[str, Any] | None
    ) -> None:
        self._checkpoint()
        self._stage.made.status, self._stage.made.message = status.value, message

    def _checkpoint(self) -> None:
        """Progress forgives failures, as it does in the ledger."""
        progress = self.run.progress
        if progress.advance() and (progress.reference_read or progress.page > 0):
            self._stage.failures = 0
        self._stage.checkpoint = progress.as_checkpoint()
