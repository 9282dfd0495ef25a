"""However a job ends, it is written down, and nothing it raised is quoted unless it is ours."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from domain.backoff import ceiling
from domain.errors import BadInput, CalledOff, FenceLost, SyncError, Throttled, Transient
from domain.jobs import Job, JobState, NewJob
from infra.database import DatabaseAway, DatabaseDown, DatabaseFull
from infra.holding import at_the_last_moment
from infra.stopping import HandBack, Stopping
from tests.workers.twin import NOW, FakeLedger, Kept
from workers.execution import SURE_SECONDS, Execution, Handler, Running, Work

CANARY = "Ada Example 0390000001"


@dataclass
class Shop:
    """An execution whose handler the test provides."""

    handler: Handler
    ledger: FakeLedger = field(default_factory=FakeLedger)
    running: Running = field(default_factory=Running)
    stopping: Stopping = field(default_factory=Stopping)
    given_up: list[str] = field(default_factory=list)
    chance: float = 0.5

    def run(self, *, kind: str = "chore", failures: int = 0) -> tuple[JobState | None, Kept]:
        job_id = self.ledger.put(NewJob(kind=kind))
        for _ in range(failures):
            job = self.ledger.claim(job_id)
            assert job is not None
            self.ledger.fail(job, Transient("before"), retry_at=NOW)
        return self.execution.run(job_id), self.ledger.stands(job_id)

    @property
    def execution(self) -> Execution:
        return Execution(
            ledger=self.ledger,
            works={"chore": Work(run=self.handler, gave_up=self._gave_up)},
            running=self.running,
            stopping=self.stopping,
            clock=lambda: NOW,
            chance=lambda: self.chance,
        )

    def _gave_up(self, job: Job, error: SyncError) -> None:
        self.given_up.append(error.kind)


def raising(error: Exception) -> Handler:
    def handler(job: Job) -> Mapping[str, Any] | None:
        raise error

    return handler


def test_a_job_that_returns_is_done_with_what_it_returned() -> None:
    state, kept = Shop(lambda job: {"kind": job.kind}).run()

    assert state is kept.state is JobState.DONE
    assert kept.result == {"kind": "chore"}


def test_a_job_that_is_not_ours_is_not_run() -> None:
    shop = Shop(raising(AssertionError("must not run")))

    assert shop.execution.run(4711) is None


def test_a_worker_that_is_stopping_takes_nothing_on() -> None:
    shop = Shop(raising(AssertionError("must not run")))
    shop.stopping.ask()

    state, kept = shop.run()

    assert state is None
    assert kept.state is JobState.READY
    assert kept.job.attempts == 0


def test_a_wait_moves_the_job_and_spends_no_retry() -> None:
    until = NOW + timedelta(minutes=7)

    state, kept = Shop(raising(Throttled("60 a minute", until=until))).run(failures=2)

    assert state is kept.state is JobState.READY
    assert (kept.due_at, kept.waiting_for, kept.job.failures) == (until, "60 a minute", 2)


@pytest.mark.parametrize("down", [DatabaseFull("no room"), DatabaseDown("cannot be reached")])
def test_a_database_that_serves_nobody_costs_a_job_none_of_its_attempts(down: DatabaseDown) -> None:
    shop = Shop(raising(down), ledger=FakeLedger(is_full=True))

    state, kept = shop.run(failures=2)

    assert state is kept.state is JobState.READY
    assert (kept.job.failures, kept.crashes, shop.given_up) == (2, 0, [])
    assert (kept.due_at, kept.waiting_for) == (NOW + ceiling(3) * 0.5, str(down))


def test_a_job_that_fills_the_disk_by_itself_is_given_up_after_three_tries() -> None:
    shop = Shop(raising(DatabaseFull("no room")))

    state, kept = shop.run(failures=2)

    assert state is kept.state is JobState.DEAD
    assert (kept.error_kind, shop.given_up) == ("DatabaseFull", ["DatabaseFull"])


def test_a_database_that_goes_away_under_a_job_may_have_been_brought_down_by_it() -> None:
    _, kept = Shop(raising(DatabaseAway("connection lost"))).run()

    assert (kept.job.failures, kept.error_kind) == (1, "DatabaseAway")


def test_a_stopping_worker_hands_its_job_back_unharmed() -> None:
    state, kept = Shop(raising(HandBack("the worker is stopping"))).run()

    assert state is kept.state is JobState.READY
    assert (kept.due_at, kept.crashes, kept.job.failures) == (NOW, 0, 0)


def test_a_job_that_has_lost_its_purpose_ends_and_is_given_up_by_nobody() -> None:
    shop = Shop(raising(CalledOff("The connection was removed.")))

    state, kept = shop.run(failures=2)

    assert state is kept.state is JobState.CANCELLED
    assert (kept.result, shop.given_up) == ({"discarded": "The connection was removed."}, [])


@pytest.mark.parametrize("failures", [0, 1])
def test_a_failure_is_tried_again_after_a_growing_pause(failures: int) -> None:
    state, kept = Shop(raising(Transient("no answer"))).run(failures=failures)

    assert state is kept.state is JobState.READY
    assert kept.due_at == NOW + ceiling(failures + 1) * 0.5
    assert (kept.error_kind, kept.error_text) == ("Transient", "no answer")


@pytest.mark.parametrize("chance", [0.0, 0.999])
def test_what_the_vendor_asked_for_is_a_floor(chance: float) -> None:
    retry_at = NOW + timedelta(minutes=3)

    _, kept = Shop(raising(Transient("busy", retry_at=retry_at)), chance=chance).run()

    assert retry_at <= kept.due_at <= retry_at + ceiling(1)


def test_a_floor_that_has_passed_is_none() -> None:
    _, kept = Shop(raising(Transient("busy", retry_at=NOW - timedelta(hours=1)))).run()

    assert NOW <= kept.due_at <= NOW + ceiling(1)


def test_the_last_failure_is_told_to_whoever_waits() -> None:
    shop = Shop(raising(Transient("no answer")))

    state, kept = shop.run(failures=2)

    assert state is kept.state is JobState.DEAD
    assert shop.given_up == ["Transient"]


def test_an_error_no_retry_can_cure_ends_the_job_at_once() -> None:
    shop = Shop(raising(BadInput("no such day")))

    state, kept = shop.run()

    assert state is kept.state is JobState.DEAD
    assert (kept.error_text, shop.given_up) == ("no such day", ["BadInput"])


@pytest.mark.parametrize("bug", [ValueError(CANARY), KeyError(CANARY), RuntimeError(CANARY)])
def test_a_bug_ends_the_job_and_is_named_by_its_place_only(
    bug: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    state, kept = Shop(raising(bug)).run()

    assert state is kept.state is JobState.DEAD
    assert kept.error_kind == "Unexpected"
    assert kept.error_text is not None
    assert kept.error_text.startswith(f"{type(bug).__name__} at {__name__}:")
    assert CANARY not in kept.error_text
    printed = capsys.readouterr()
    assert "job.crashed" in printed.err
    assert CANARY not in printed.err + printed.out


def test_a_kind_nobody_handles_is_dead_with_its_name() -> None:
    state, kept = Shop(lambda job: None).run(kind="from the future")

    assert state is JobState.DEAD
    assert "from the future" in str(kept.error_text)


@pytest.mark.parametrize(
    "then",
    [
        None,
        FenceLost("taken over"),
        HandBack("stopping"),
        Throttled("spent", until=NOW),
        Transient("no answer"),
        ValueError("bug"),
    ],
    ids=lambda then: type(then).__name__,
)
def test_a_job_taken_over_meanwhile_ends_quietly_and_is_not_written(
    then: Exception | None,
) -> None:
    ledger = FakeLedger()

    def handler(job: Job) -> None:
        ledger.taken_over(job.id)
        if then is not None:
            raise then

    shop = Shop(handler, ledger=ledger)
    state, kept = shop.run()

    assert state in {None, JobState.READY}
    assert kept.state is JobState.RUNNING
    assert (kept.error_kind, kept.waiting_for, shop.given_up) == (None, None, [])


@pytest.mark.parametrize("end", [lambda job: None, raising(Transient("no")), raising(KeyError())])
def test_a_job_is_held_while_it_runs_and_not_afterwards(end: Callable[[Job], None]) -> None:
    running = Running()
    held: list[int] = []

    def handler(job: Job) -> None:
        held.extend(one.id for one in running.all())
        end(job)

    Shop(handler, running=running).run()

    assert held == [1]
    assert running.all() == []


def test_an_attempt_that_lost_its_job_leaves_the_next_one_s_lease_alone() -> None:
    running, ledger = Running(), FakeLedger()
    old = ledger.claim(ledger.put(NewJob(kind="chore")))
    assert old is not None
    new = replace(old, fence=old.fence + 1)

    with ExitStack() as of_the_next:
        with running.holding(old):
            of_the_next.enter_context(running.holding(new))
        held = running.all()

    assert held == [new]
    assert running.all() == []


def test_a_job_is_asked_for_anew_only_once_it_may_be_anothers() -> None:
    now = [0.0]
    running, ledger = Running(lambda: now[0]), FakeLedger()
    job = ledger.claim(ledger.put(NewJob(kind="chore")))
    assert job is not None

    with running.holding(job):
        before = running.is_sure(job)
        running.proved([job], at=0.0)
        at_once, now[0] = running.is_sure(job), SURE_SECONDS
        later = running.is_sure(job)
        other = running.is_sure(replace(job, fence=job.fence + 1))
    running.proved([job], at=SURE_SECONDS)
    let_go = running.is_sure(job)

    assert (before, at_once, later, other, let_go) == (False, True, False, False, False)


def test_a_job_that_is_given_back_is_not_taken_for_ours_unasked_while_its_thread_goes_on() -> None:
    written: list[str] = []

    def handler(job: Job) -> None:
        shop.ledger.hand_back(shop.running.leaving())
        at_the_last_moment("POST")["trace"]("http11.send_request_headers.started", {})
        written.append("sent")

    shop = Shop(handler)

    state, kept = shop.run()

    assert (state, kept.state, written) == (None, JobState.READY, [])
