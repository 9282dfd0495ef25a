"""Tries a connection: asks its PMS who the practice is, who works there and what it offers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from domain.appointments import AppointmentType, Practice, Practitioner
from domain.checks import Check, CheckKind, CheckState, Seen
from domain.connections import Connection
from domain.errors import BadInput, SyncError, Throttled
from domain.jobs import Job
from domain.sources import Spend
from infra.stopping import HandBack, Stopping

T = TypeVar("T")

LONGEST_WAIT = 20.0
"""Longer waits are the ledger's to keep."""

LONGEST_CHECK = timedelta(minutes=10)

Patience = Callable[[Callable[[], T]], T]


class Trial(Protocol):
    """A connection opened with the secrets that are tried."""

    @property
    def describes_itself(self) -> bool: ...
    @property
    def is_named(self) -> bool: ...
    @property
    def connection(self) -> Connection: ...

    def practice(self) -> Practice: ...
    def practitioners(self) -> Sequence[Practitioner]: ...
    def types(self) -> Sequence[AppointmentType]: ...
    def sign_in(self) -> None: ...
    def pair(self, code: str) -> str: ...
    def forget_token(self) -> None: ...
    def drain_spent(self) -> Sequence[Spend]: ...


class Trials(Protocol):
    def of(self, check: Check) -> Trial: ...
    def code(self, check: Check) -> str: ...
    def failure(self, connection: Connection, error: SyncError) -> str: ...
    def forget_replaced(self, check: Check) -> None: ...
    def forget(self, ref: str | None) -> None: ...


class Checks(Protocol):
    def take_up(self, job: Job) -> Check | None: ...
    def paired(self, job: Job, check: Check, site: str, spent: Sequence[Spend]) -> Check: ...
    def passed(self, job: Job, check: Check, seen: Seen, *, rename: bool) -> None: ...
    def failed(self, job: Job, check: Check, error: SyncError, message: str) -> None: ...
    def keep_spent(self, job: Job, spent: Sequence[Spend]) -> None: ...
    def forgot(self, check_id: UUID, *, account_id: str | None) -> None: ...


class RefusedCheck(Exception):
    """The check has failed, for the reason in `error`; its job has not."""

    def __init__(self, error: SyncError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Checking:
    """Carries checks; what is secret about one is forgotten however it ends."""

    checks: Checks
    trials: Trials
    stopping: Stopping
    clock: Callable[[], datetime]

    def run(self, job: Job) -> Mapping[str, Any]:
        """Ends the check either way."""
        check = self.checks.take_up(job)
        if check is None:
            return {"state": None}
        if check.is_over:
            self._tidy(check)
            return {"state": None}
        try:
            self._tidy(self._tried(job, check))
        except RefusedCheck as refused:
            self._failed(job, check, refused.error)
            return {"state": CheckState.FAILED.value}
        return {"state": CheckState.OK.value}

    def gave_up(self, job: Job, _error: SyncError) -> None:
        """The job is dead, which is nobody's credentials' fault."""
        check = self.checks.take_up(job)
        if check is not None:
            sorry = BadInput("Something went wrong on our side; try again in a moment")
            self._failed(job, check, sorry)

    def _tried(self, job: Job, check: Check) -> Check:
        """The check as it ended well; its `trial_ref` names what is to be forgotten."""
        patiently = waiting(lambda seconds, _: self.stopping.wait(seconds), clock=self.clock)
        if check.kind is CheckKind.PAIR and not check.is_paired:
            check = self._paired(job, check, patiently)
        with self._asking(job, check):
            trial = self.trials.of(check)
        with self._asking(job, check, trial):
            if check.kind is CheckKind.CREDENTIALS:
                trial.forget_token()
            seen = look(trial, patiently)
        seen = replace(seen, spent=trial.drain_spent())
        try:
            self.checks.passed(job, check, seen, rename=not trial.is_named)
        except BadInput as taken:
            self.checks.keep_spent(job, seen.spent)
            raise RefusedCheck(taken) from None
        if check.kind is not CheckKind.CREDENTIALS:
            return check
        if check.held.secret_ref is not None:
            self.trials.forget_replaced(check)
        return replace(check, trial_ref=check.held.secret_ref)

    def _failed(self, job: Job, check: Check, error: SyncError) -> None:
        if not check.is_over:
            message = self.trials.failure(check.held, error)
            self.checks.failed(job, check, error, message)
        self._tidy(check)

    def _tidy(self, check: Check) -> None:
        if check.trial_ref is not None:
            self.trials.forget(check.trial_ref)
            self.checks.forgot(check.id, account_id=check.held.account_id)

    def _paired(self, job: Job, check: Check, patiently: Patience[Any]) -> Check:
        """The check with its site, which is stored before anything else is asked."""
        with self._asking(job, check):
            trial, code = self.trials.of(check), self.trials.code(check)
        with self._asking(job, check, trial):
            # What was granted before the practice unpaired us may not do for the new pairing.
            trial.forget_token()
            site = patiently(lambda: trial.pair(code))
            same_site(check.held, site)
        spent = trial.drain_spent()
        try:
            return self.checks.paired(job, check, site, spent)
        except BadInput as taken:
            self.checks.keep_spent(job, spent)
            raise RefusedCheck(taken) from None

    @contextmanager
    def _asking(self, job: Job, check: Check, trial: Trial | None = None) -> Iterator[None]:
        """Around what asks the vendor: a long wait is the ledger's, any other no the answer."""
        try:
            yield
        except SyncError as error:
            if trial is not None:
                self.checks.keep_spent(job, trial.drain_spent())
            if _may_go_on(check, error):
                raise
            raise RefusedCheck(error) from None


def look(trial: Trial, patiently: Patience[Any]) -> Seen:
    """What the PMS says of the practice; of one that is not paired, that its sign-in works."""
    if not trial.connection.site:
        patiently(trial.sign_in)
        return Seen()
    practice = patiently(trial.practice) if trial.describes_itself else None
    practitioners = patiently(trial.practitioners)
    return Seen(practice=practice, practitioners=practitioners, types=patiently(trial.types))


def same_site(held: Connection, site: str) -> None:
    """A code of another practice would put that one's appointments on this one's rows."""
    if held.site and site != held.site:
        raise BadInput(
            f"This code stands for another site ({site}) than this connection ({held.site}), which"
            " stays as it was; add that practice as a connection of its own."
        )


def waiting(
    wait: Callable[[float, Throttled], None],
    *,
    clock: Callable[[], datetime],
    longest: float = LONGEST_WAIT,
) -> Patience[Any]:
    """Asks again once the vendor's limit lets us, where that is near; a person is looking on."""

    def patiently(call: Callable[[], Any]) -> Any:
        while True:
            try:
                return call()
            except Throttled as told:
                seconds = (told.until - clock()).total_seconds()
                if seconds > longest:
                    raise
                wait(max(seconds, 0.01), told)

    return patiently


def _may_go_on(check: Check, error: SyncError) -> bool:
    """The process is stopping, or the vendor's limit lets us ask before a person has left."""
    if isinstance(error, Throttled):
        return error.until - check.asked_at <= LONGEST_CHECK
    return isinstance(error, HandBack)
