"""A check keeps its promises when the process dies, the vendor stalls, or the job is given up."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.appointments import AppointmentType, Practice, Practitioner
from domain.checks import Check, CheckKind, Seen, failure
from domain.connections import Connection, State
from domain.errors import (
    BadInput,
    Gone,
    NeedsReconnect,
    Refused,
    SyncError,
    Throttled,
    Transient,
)
from domain.jobs import Job, Queue
from domain.sources import Spend
from infra.stopping import HandBack, Stopping
from workers.handlers.check_connection import Checking

NOW = datetime(2026, 11, 23, 0, 5, tzinfo=UTC)
STORED, TRIED = "held", "trial"
PAIR_AGAIN = "Please check the tenant id, or pair the practice again with a new code."
HELD = Connection(
    id=UUID(int=1),
    account_id="default",
    vendor="gentu",
    site="",
    timezone="UTC",
    state=State.SETUP_REQUIRED,
    secret_ref=STORED,
)
JOB = Job(
    id=1,
    fence=1,
    kind="check_connection",
    queue=Queue.DEFAULT,
    account_id="default",
    connection_id=HELD.id,
    vendor="gentu",
    args={},
    attempts=1,
    failures=0,
    checkpoint={},
    trace_id="t",
    created_at=NOW,
)


class Died(BaseException):
    """The process was killed here."""


@dataclass
class FakeTrial:
    connection: Connection
    desk: "Desk"
    describes_itself: bool = True
    is_named: bool = False
    spent: list[Spend] = field(default_factory=list)

    def practice(self) -> Practice:
        self._ask("practice")
        return Practice(site=self.connection.site, name="Example")

    def practitioners(self) -> Sequence[Practitioner]:
        self._ask("practitioners")
        return ()

    def types(self) -> Sequence[AppointmentType]:
        self._ask("types")
        return ()

    def sign_in(self) -> None:
        self._ask("sign_in")

    def pair(self, code: str) -> str:
        self._ask("pair")
        if code in self.desk.codes_spent:
            raise Refused("This pairing code is spent or unknown. Generate a new one.")
        self.desk.codes_spent.append(code)
        return "site-1"

    def forget_token(self) -> None:
        self.desk.forgotten_tokens.append(str(self.connection.secret_ref))

    def drain_spent(self) -> Sequence[Spend]:
        drained, self.spent = self.spent, []
        return drained

    def _ask(self, what: str) -> None:
        self.spent.append(Spend(bucket="gentu", at=NOW))
        self.desk.asked.append(what)
        trouble = self.desk.trouble.get(what)
        if trouble:
            raise trouble.pop(0)
        if trouble is not None:
            del self.desk.trouble[what]


@dataclass
class Desk:
    """Implements both ports: the vendor's side and what is stored."""

    check: Check
    asked: list[str] = field(default_factory=list)
    trouble: dict[str, list[BaseException]] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    codes_spent: list[str] = field(default_factory=list)
    forgotten_tokens: list[str] = field(default_factory=list)
    kept: list[Spend] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    def of(self, check: Check) -> FakeTrial:
        return FakeTrial(check.tried, self)

    def code(self, check: Check) -> str:
        return self.secrets[str(check.trial_ref)]["code"]

    def failure(self, connection: Connection, error: SyncError) -> str:
        return failure(error, site_label="Tenant id", pairs=True)

    def forget_replaced(self, check: Check) -> None:
        self.forgotten_tokens.append(str(check.held.secret_ref))

    def forget(self, ref: str | None) -> None:
        self.secrets.pop(str(ref), None)
        self._maybe("forget")

    def take_up(self, job: Job) -> Check | None:
        return self.check

    def paired(self, job: Job, check: Check, site: str, spent: Sequence[Spend]) -> Check:
        self.kept += spent
        held = replace(check.held, site=site)
        self.check = replace(check, held=held, tried=held, is_paired=True)
        self._maybe("paired")
        return self.check

    def passed(self, job: Job, check: Check, seen: Seen, *, rename: bool) -> None:
        self._maybe("before passed")
        self.kept += seen.spent
        self._end(check, "ok")

    def failed(self, job: Job, check: Check, error: SyncError, message: str) -> None:
        self._end(check, message)

    def keep_spent(self, job: Job, spent: Sequence[Spend]) -> None:
        self.kept += spent

    def forgot(self, check_id: UUID, *, account_id: str | None) -> None:
        self.check = replace(self.check, trial_ref=None)

    def _end(self, check: Check, outcome: str) -> None:
        replaced = check.held.secret_ref if outcome == "ok" else check.trial_ref
        ref = replaced if check.kind is CheckKind.CREDENTIALS else check.trial_ref
        self.check = replace(check, is_over=True, trial_ref=ref)
        self.outcomes.append(outcome)

    def _maybe(self, where: str) -> None:
        trouble = self.trouble.get(where)
        if trouble:
            raise trouble.pop(0)


def desk_of(kind: CheckKind, **held: Any) -> Desk:
    connection = replace(HELD, **held)
    tried = replace(connection, secret_ref=TRIED) if kind is CheckKind.CREDENTIALS else connection
    check = Check(
        id=UUID(int=9),
        kind=kind,
        held=connection,
        tried=tried,
        trial_ref=None if kind is CheckKind.TEST else "trial",
        asked_at=NOW,
        asked_by="Sam",
    )
    return Desk(check, secrets={"held": {"client_id": "a"}, "trial": {"code": "ABCD1234"}})


def run(desk: Desk, stopping: Stopping | None = None) -> Any:
    return Checking(desk, desk, stopping or Stopping(), lambda: NOW).run(JOB)


@dataclass(frozen=True, slots=True)
class Waiting(Stopping):
    """Notes how long is waited, and does not."""

    waited: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)


def test_a_pairing_asks_for_the_site_and_then_looks_around() -> None:
    desk = desk_of(CheckKind.PAIR)

    assert run(desk) == {"state": "ok"}
    assert desk.asked == ["pair", "practice", "practitioners", "types"]
    assert list(desk.secrets) == ["held"]
    assert len(desk.kept) == 4


@pytest.mark.parametrize("where", ["paired", "practice", "types", "before passed"])
def test_a_process_that_dies_after_pairing_does_not_spend_the_code_again(where: str) -> None:
    desk = desk_of(CheckKind.PAIR)
    desk.trouble = {where: [Died()]}
    with pytest.raises(Died):
        run(desk)

    assert run(desk) == {"state": "ok"}
    assert desk.codes_spent == ["ABCD1234"]
    assert desk.asked.count("pair") == 1
    assert list(desk.secrets) == ["held"]


def test_a_process_that_dies_while_tidying_leaves_that_to_the_next() -> None:
    desk = desk_of(CheckKind.CREDENTIALS, site="site-1")
    desk.trouble = {"forget": [Died()]}
    desk.secrets["held"] = {"client_id": "old"}
    with pytest.raises(Died):
        run(desk)

    run(desk)

    assert desk.outcomes == ["ok"]
    assert list(desk.secrets) == ["trial"]
    assert desk.check.trial_ref is None


def test_new_credentials_take_the_place_of_the_old_ones_and_of_their_token() -> None:
    desk = desk_of(CheckKind.CREDENTIALS, site="site-1")

    run(desk)

    assert list(desk.secrets) == ["trial"]
    assert desk.forgotten_tokens == ["trial", "held"]


@pytest.mark.parametrize(
    "error", [NeedsReconnect("no"), Transient("away"), Refused("not so"), BadInput("unusable")]
)
def test_a_refusal_ends_the_check_and_forgets_what_was_tried(error: SyncError) -> None:
    desk = desk_of(CheckKind.CREDENTIALS, site="site-1")
    desk.trouble = {"practitioners": [error]}

    assert run(desk) == {"state": "failed"}
    assert list(desk.secrets) == ["held"]
    assert desk.forgotten_tokens == ["trial"]
    assert len(desk.kept) == 2


def test_a_practice_that_is_not_paired_yet_is_only_signed_in() -> None:
    desk = desk_of(CheckKind.CREDENTIALS)

    assert run(desk) == {"state": "ok"}
    assert desk.asked == ["sign_in"]


def test_a_long_wait_is_the_ledgers_and_a_longer_one_the_answer() -> None:
    desk = desk_of(CheckKind.TEST, site="site-1")
    desk.trouble = {"practice": [Throttled("limit", until=NOW + timedelta(minutes=5))]}
    with pytest.raises(Throttled):
        run(desk)
    asked = len(desk.kept)
    desk.trouble = {"practice": [Throttled("limit", until=NOW + timedelta(hours=1))]}

    assert run(desk) == {"state": "failed"}
    assert asked == 1
    assert desk.outcomes == ["Connection failed. Try again in a few minutes. (limit)"]


def test_a_short_wait_is_waited_out() -> None:
    desk = desk_of(CheckKind.TEST, site="site-1")
    desk.trouble = {"practice": [Throttled("limit", until=NOW + timedelta(seconds=5))]}
    stopping = Waiting()

    assert run(desk, stopping) == {"state": "ok"}
    assert stopping.waited == [5]


def test_a_worker_that_stops_hands_the_check_back() -> None:
    desk = desk_of(CheckKind.TEST, site="site-1")
    desk.trouble = {"practice": [HandBack("stopping")]}

    with pytest.raises(HandBack):
        run(desk)

    assert (desk.outcomes, len(desk.kept)) == ([], 1)


@pytest.mark.parametrize("kind", list(CheckKind))
def test_a_job_that_was_given_up_ends_its_check_and_forgets_its_secrets(kind: CheckKind) -> None:
    desk = desk_of(kind)

    Checking(desk, desk, Stopping(), lambda: NOW).gave_up(JOB, BadInput("KeyError: 'hunter2'"))

    assert desk.outcomes == [
        "Connection failed. Something went wrong on our side; try again in a moment."
    ]
    assert list(desk.secrets) == (["held", "trial"] if kind is CheckKind.TEST else ["held"])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            NeedsReconnect("Gentu: GET /tenants/{site} answered 401; connect this practice again"),
            "Please check your credentials. (Gentu answered 401)",
        ),
        (
            NeedsReconnect("Gentu: GET /tenants/{site} answered 404"),
            f"{PAIR_AGAIN} (Gentu answered 404)",
        ),
        (
            Gone("Halaxy: GET /main/Organization/{site} answered 404"),
            f"{PAIR_AGAIN} (Halaxy answered 404)",
        ),
        (
            NeedsReconnect("Medirecords: GET /v1/practices/{site} answered 403"),
            "Please check your credentials. (Medirecords answered 403; is the tenant id right?)",
        ),
        (
            Refused("Gentu: POST the token endpoint answered 404; check the token address"),
            "(Gentu answered 404; check the token address)",
        ),
        (
            NeedsReconnect("Vendor: the account is locked; the practice must unlock it"),
            "Vendor: the account is locked; the practice must unlock it.",
        ),
        (
            Transient("Gentu: GET /tenants/{site} answered 503"),
            "Try again in a few minutes. (Gentu answered 503)",
        ),
    ],
)
def test_a_failure_says_what_to_correct(error: SyncError, said: str) -> None:
    assert failure(error, site_label="Tenant id", pairs=True) == f"Connection failed. {said}"
