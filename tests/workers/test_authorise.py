"""How one look at Sikka's list settles what is open, with twins of the list and the store."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.authorisations import AuthorisationState, Claim, Linked, Located, Office, Placed
from domain.connections import State
from domain.errors import NeedsReconnect, SyncError, Throttled, Transient
from domain.jobs import Job, Queue
from domain.sources import Spend
from infra.stopping import HandBack, Stopping
from workers.handlers.authorise import NEVER_LISTED, NO_LONGER, NO_ZONE, Authorising

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
JOB = Job(
    id=1,
    fence=1,
    kind="authorise",
    queue=Queue.DEFAULT,
    account_id=None,
    connection_id=None,
    vendor="sikka",
    args={},
    attempts=1,
    failures=0,
    checkpoint={},
    trace_id="t",
    created_at=NOW,
)


def office(office_id: str, *, zone: str | None = "America/Denver") -> Office:
    practice = Located(practice_id="1", name="Northgate", timezone=zone)
    return Office(office_id=office_id, secret_key=f"s-{office_id}", practices=(practice,))


def claim(
    office_id: str, *, account: str | None = "default", age: timedelta = timedelta()
) -> Claim:
    state = AuthorisationState.CLAIMED if account else AuthorisationState.PENDING
    return Claim(
        id=uuid4(),
        office_id=office_id,
        state=state,
        account_id=account,
        first_seen_at=NOW - age,
    )


def linked(office_id: str, *, state: State = State.ACTIVE, account: str = "default") -> Linked:
    ref = f"ref-{office_id}"
    return Linked(
        id=uuid4(),
        account_id=account,
        site=office_id,
        state=state,
        practice_id="1",
        secret_ref=ref,
        timezone="America/Denver",
    )


@dataclass
class FakeOffices:
    """Offices that let us in; `troubles` are raised when one is proved."""

    lists: list[Office]
    troubles: dict[str, SyncError] = field(default_factory=dict)
    stored: dict[str, str] = field(default_factory=dict)
    is_set_up: bool = True
    proved: list[str] = field(default_factory=list)

    def listed(self) -> dict[str, Office]:
        return {one.key: one for one in self.lists}

    def prove(self, office: Office, *, account_id: str) -> None:
        self.proved.append(office.office_id)
        if office.office_id in self.troubles:
            raise self.troubles[office.office_id]

    def opens(self, linked: Linked) -> bool:
        trouble = self.troubles.get(linked.office_id)
        if trouble is None or isinstance(trouble, NeedsReconnect):
            return trouble is None
        raise trouble

    def is_stored(self, ref: str | None, office: Office) -> bool:
        return ref is not None and self.stored.get(ref, office.secret_key) == office.secret_key

    def store(self, ref: str | None, office: Office, *, account_id: str, site: str) -> str:
        name = ref or f"ref-{site}"
        self.stored[name] = office.secret_key
        return name

    def drain_spent(self) -> Sequence[Spend]:
        return ()


@dataclass
class FakeStore:
    """Claims and connections in memory; what was done is kept in order."""

    claims: list[Claim] = field(default_factory=list)
    links: list[Linked] = field(default_factory=list)
    zone: str | None = None
    done: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    again: datetime | None = None
    is_finished: bool = False

    def open(self) -> Sequence[Claim]:
        return self.claims

    def linked(self) -> Sequence[Linked]:
        return self.links

    def zone_of(self, account_id: str) -> str | None:
        return self.zone

    def confirmed(self, job: Job, claim: Claim, office: Office) -> None:
        self.done.append(("confirmed", claim.office_id))

    def told(self, job: Job, claim: Claim, note: str, *, is_over: bool = False) -> None:
        self.done.append(("dropped" if is_over else "told", claim.office_id))
        self.notes.append(note)

    def missed(self, job: Job, office: Office) -> None:
        self.done.append(("missed", office.office_id))

    def connected(
        self,
        job: Job,
        office: Office,
        placed: Sequence[Placed],
        *,
        account_id: str,
        claim: Claim | None,
    ) -> Sequence[UUID]:
        self.done.append(("connected", office.office_id))
        return [uuid4() for _ in placed]

    def withdrawn(self, job: Job, linked: Linked, reason: str) -> None:
        self.done.append(("withdrawn", linked.office_id))
        self.notes.append(reason)

    def keep_spent(self, job: Job, spent: Sequence[Spend]) -> None:
        self.done.append(("spent", ""))

    def look_again(self, job: Job, *, at: datetime) -> None:
        self.again = at

    def finished(self, job: Job) -> None:
        self.is_finished = True

    def gave_up(self, job: Job, _error: SyncError, /) -> None:
        self.notes.append("gave up")


def ran(store: FakeStore, offices: FakeOffices, stopping: Stopping | None = None) -> Any:
    handler = Authorising(store, lambda: offices, lambda: NOW, stopping or Stopping())
    return handler.run(JOB)


def test_one_office_in_trouble_does_not_hold_up_the_others() -> None:
    store = FakeStore(claims=[claim("D1"), claim("D2")])
    trouble = Transient("Sikka is away")

    with pytest.raises(Transient):
        ran(store, FakeOffices([office("D1"), office("D2")], troubles={"D1": trouble}))

    assert ("connected", "D2") in store.done
    assert ("connected", "D1") not in store.done
    assert not store.is_finished


def test_a_refused_secret_is_told_and_ends_nothing_else() -> None:
    store = FakeStore(claims=[claim("D1")])
    refusal = NeedsReconnect("Sikka: the practice has not authorised us")

    assert ran(store, FakeOffices([office("D1")], troubles={"D1": refusal})) == {"failed": 1}
    assert store.notes == ["Sikka: the practice has not authorised us"]
    assert store.is_finished


def test_a_limit_is_waited_for() -> None:
    store = FakeStore(claims=[claim("D1")])
    wait = Throttled("Sikka's request limit", until=NOW + timedelta(minutes=1))

    with pytest.raises(Throttled):
        ran(store, FakeOffices([office("D1")], troubles={"D1": wait}))


def test_an_office_of_an_unknown_zone_asks_for_one() -> None:
    store = FakeStore(claims=[claim("D1")])
    assert ran(store, FakeOffices([office("D1", zone=None)])) == {"failed": 1}
    assert store.notes == [NO_ZONE]

    told = FakeStore(claims=[claim("D1")], zone="America/Denver")
    assert ran(told, FakeOffices([office("D1", zone=None)])) == {"connected": 1}


@pytest.mark.parametrize(
    ("account", "minutes", "again", "done"),
    [
        ("default", 1, timedelta(seconds=20), ("told", "D1")),
        (None, 1, timedelta(minutes=5), ("told", "D1")),
        ("default", 61, None, ("dropped", "D1")),
    ],
)
def test_an_office_that_is_not_listed_is_looked_for_again_for_an_hour(
    account: str | None, minutes: int, again: timedelta | None, done: tuple[str, str]
) -> None:
    store = FakeStore(claims=[claim("D1", account=account, age=timedelta(minutes=minutes))])

    ran(store, FakeOffices([]))

    assert done in store.done
    assert store.again == (NOW + again if again else None)
    assert (NEVER_LISTED in store.notes) == (again is None)


def test_an_office_nobody_claimed_is_only_named() -> None:
    store = FakeStore(claims=[claim("D1", account=None)])
    offices = FakeOffices([office("D1")])

    assert ran(store, offices) == {"pending": 1}
    assert (offices.proved, store.done[0]) == ([], ("confirmed", "D1"))


def test_an_office_of_another_account_stays_there() -> None:
    store = FakeStore(claims=[claim("D1")], links=[linked("D1", account="other")])
    offices = FakeOffices([office("D1")])

    ran(store, offices)

    assert ("dropped", "D1") in store.done
    assert ("connected", "D1") not in store.done


def test_a_short_list_signs_nobody_out_whose_secret_still_opens() -> None:
    store = FakeStore(links=[linked("D1"), linked("D2")])
    refusal = NeedsReconnect("no longer")

    ran(store, FakeOffices([], troubles={"D2": refusal}))

    assert [one for one in store.done if one[0] == "withdrawn"] == [("withdrawn", "D2")]
    assert store.notes == [NO_LONGER]


def test_who_was_shut_out_is_let_in_again_and_who_works_is_left_alone() -> None:
    store = FakeStore(links=[linked("D1", state=State.NEEDS_SIGN_IN), linked("D2")])
    offices = FakeOffices([office("D1"), office("D2")])

    assert ran(store, offices)["revived"] == 1
    assert offices.proved == ["D1"]


def test_a_secret_that_was_replaced_at_sikka_is_taken_up() -> None:
    store = FakeStore(links=[linked("D1")])
    offices = FakeOffices([office("D1")], stored={"ref-D1": "an older one"})

    ran(store, offices)

    assert offices.stored["ref-D1"] == "s-D1"
    assert ("connected", "D1") in store.done


def test_an_office_nobody_told_of_is_noted() -> None:
    store = FakeStore()

    assert ran(store, FakeOffices([office("D1")])) == {"missed": 1}


def test_a_stopping_worker_hands_the_job_back() -> None:
    stopping = Stopping()
    stopping.ask()
    store = FakeStore(claims=[claim("D1")])

    with pytest.raises(HandBack):
        ran(store, FakeOffices([office("D1")]), stopping)

    assert store.done == [("spent", "")]


def test_without_an_application_nothing_is_done() -> None:
    store = FakeStore(claims=[claim("D1")])

    assert ran(store, FakeOffices([], is_set_up=False)) == {"state": None}
    assert store.done == []
