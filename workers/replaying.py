"""Plays a recorded run to today's code: what it would make of the same answers."""

from dataclasses import dataclass, field

from adapters.playing import Player, Recorded, memory, open_source
from adapters.rest.memory import Memory
from adapters.storage.runs.runs import LoggedRun
from domain.connections import Connection
from domain.errors import BrokenContract, SyncError, Throttled, Transient
from domain.intake import Fingerprint
from domain.jobs import MAX_FAILURES, Job, Queue
from domain.recordings import Compared, Made, NotRecorded, compare
from domain.runs import Progress, Run, RunStatus, SyncType
from domain.sources import AppointmentSource
from domain.window import whole_days
from domain.work import SYNC
from infra.stopping import Stopping
from workers.execution import unexpected
from workers.handlers.sync_connection import sync_connection
from workers.played_run import Stage

NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of it; with something `missing` it broke off there.

    Of a recording that `is_cut` nobody can say that it was played to its end.
    """

    then: Made
    now: Made
    compared: Compared
    unasked: int
    missing: str | None = field(repr=False)
    is_cut: bool

    @property
    def is_whole(self) -> bool:
        return self.missing is None and not self.is_cut


def replay(
    recorded: Recorded, logged: LoggedRun, *, fingerprint: Fingerprint, is_cut: bool = False
) -> Replayed:
    """The recorded run once more; nobody is asked, and nothing is written anywhere."""
    player = Player(recorded.begun_at)
    player.load(recorded.heard)
    stage = Stage(
        recorded=recorded,
        run=_run_of(recorded, logged),
        player=player,
        fingerprint=fingerprint,
    )
    missing = _attempts(stage) or player.missing
    now, then = stage.made, recorded.then
    if missing is not None:
        now.status, now.message = NOT_RECORDED, None
    now.requests = player.asked
    then.status, then.message = logged.status, logged.error_message
    return Replayed(
        then=then,
        now=now,
        compared=compare(then, now),
        unasked=player.unasked,
        missing=missing,
        is_cut=is_cut,
    )


def _attempts(stage: Stage) -> str | None:
    """One after another, as the ledger would have it, and without waits; what was not recorded."""
    remembered = memory()
    while True:
        known = len(remembered)
        try:
            _attempt(stage, remembered)
        except NotRecorded as missing:
            return str(missing)
        except Throttled as wait:
            stage.player.wait(wait.until)
            continue
        except SyncError as error:
            has_learned = len(remembered) > known
            if has_learned and isinstance(error, (Transient, BrokenContract)):
                stage.failures = 0
            stage.failures += 1
            if error.action in {"retry", "renew"} and stage.failures < MAX_FAILURES:
                continue
            _failed(stage, error)
        except Exception as error:  # noqa: BLE001 - a bug is what a replay is there to show
            _failed(stage, unexpected(error))
        return None


def _attempt(stage: Stage, remembered: Memory) -> None:
    openings = stage.recorded.openings

    def opened(connection: Connection) -> AppointmentSource:
        _, secrets = openings[min(stage.attempts, len(openings)) - 1]
        return open_source(connection, secrets, stage.player, remembered)

    sync_connection(_job_of(stage), store=stage, open_source=opened, stopping=Stopping())


def _failed(stage: Stage, error: SyncError) -> None:
    stage.made.status, stage.made.message = RunStatus.FAILED.value, str(error)


def _run_of(recorded: Recorded, logged: LoggedRun) -> Run:
    connection = recorded.connection
    return Run(
        id=logged.id,
        account_id=logged.account_id,
        connection_id=connection.id,
        first_day=logged.day_from,
        last_day=logged.day_to,
        window=whole_days(logged.day_from, logged.day_to, connection.timezone),
        sync_type=SyncType(logged.sync_type),
        dry_run=logged.dry_run,
        trace_id=logged.trace_id,
        progress=Progress(),
    )


def _job_of(stage: Stage) -> Job:
    """What the handler is told; the ledger has never heard of it."""
    run = stage.run
    return Job(
        id=0,
        fence=0,
        kind=SYNC,
        queue=Queue.SYNC,
        account_id=run.account_id,
        connection_id=run.connection_id,
        vendor=stage.recorded.connection.vendor,
        args=stage.recorded.args,
        attempts=stage.attempts,
        failures=stage.failures,
        checkpoint=stage.checkpoint,
        trace_id=run.trace_id,
        created_at=stage.recorded.begun_at,
    )
