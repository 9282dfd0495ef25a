"""Settles the offices that let us in, by what the vendor lists and never by what a message said."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from domain.authorisations import (
    LISTED_WITHIN,
    AuthorisationState,
    Claim,
    Linked,
    Listed,
    Located,
    Office,
    Placed,
    sites,
    vanished,
)
from domain.connections import State
from domain.errors import FenceLost, SyncError
from domain.jobs import Job
from domain.sources import Spend
from infra.stopping import HandBack, Stopping

SOON, LATER = timedelta(seconds=20), timedelta(minutes=5)
"""When an office that is not listed yet is looked for again: somebody waits for it, or not."""

NOT_LISTED_YET = "Sikka does not list this office yet; it is looked for again."
NEVER_LISTED = "Sikka does not list this office."
ANOTHERS = "This office is connected to another account."
NO_LONGER = (
    "Sikka no longer lists this practice. Authorise it at the Sikka Marketplace again; the sheet"
    " stays as it is."
)
NO_ZONE = (
    "Sikka names the practice's time zone in a way we do not know. Whoever runs this service can"
    " give the account one; then connect the office again."
)


class NoZoneError(SyncError):
    """Nobody knows on whose clock the practice works."""


class Offices(Protocol):
    """The vendor's own list of who let us in, and the store of their secrets."""

    @property
    def is_set_up(self) -> bool: ...

    def listed(self) -> Listed: ...
    def prove(self, office: Office, *, account_id: str) -> None: ...
    def opens(self, linked: Linked) -> bool: ...
    def is_stored(self, ref: str | None, office: Office) -> bool: ...
    def store(self, ref: str | None, office: Office, *, account_id: str, site: str) -> str: ...
    def drain_spent(self) -> Sequence[Spend]: ...


class Authorisations(Protocol):
    """Claims and connections; every write is one transaction under the job's fence."""

    def open(self) -> Sequence[Claim]: ...
    def linked(self) -> Sequence[Linked]: ...
    def zone_of(self, account_id: str) -> str | None: ...
    def confirmed(self, job: Job, claim: Claim, office: Office) -> None: ...
    def told(self, job: Job, claim: Claim, note: str, *, is_over: bool = False) -> None: ...
    def missed(self, job: Job, office: Office) -> None: ...
    def connected(
        self,
        job: Job,
        office: Office,
        placed: Sequence[Placed],
        *,
        account_id: str,
        claim: Claim | None,
    ) -> Sequence[UUID]: ...
    def withdrawn(self, job: Job, linked: Linked, reason: str) -> None: ...
    def keep_spent(self, job: Job, spent: Sequence[Spend]) -> None: ...
    def look_again(self, job: Job, *, at: datetime) -> None: ...
    def finished(self, job: Job) -> None: ...
    def gave_up(self, job: Job, _error: SyncError, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Authorising:
    """One look at the vendor's list settles everything that is open."""

    store: Authorisations
    open_offices: Callable[[], Offices]
    clock: Callable[[], datetime]
    stopping: Stopping

    def run(self, job: Job) -> Mapping[str, Any]:
        offices = self.open_offices()
        if not offices.is_set_up:
            return {"state": None}
        try:
            look = _Look(self, job, offices, offices.listed())
            return look.settled()
        finally:
            self.store.keep_spent(job, offices.drain_spent())


@dataclass(frozen=True, slots=True)
class _Look:
    """The list as it was read once; an office in trouble does not hold up the others."""

    whole: Authorising
    job: Job
    offices: Offices
    listed: Listed
    counts: Counter[str] = field(default_factory=Counter)
    troubles: list[SyncError] = field(default_factory=list)

    @property
    def store(self) -> Authorisations:
        return self.whole.store

    def settled(self) -> Mapping[str, Any]:
        claims = self.store.open()
        for claim in claims:
            self.whole.stopping.check()
            self._settle(claim)
        linked = self.store.linked()
        self._leave(linked)
        self._come_back(linked)
        self._notice(linked, claims)
        self._look_again(claims)
        if self.troubles:
            raise self.troubles[0]
        self.store.finished(self.job)
        return dict(self.counts)

    def _settle(self, claim: Claim) -> None:
        office = self.listed.get(claim.office_id.upper())
        try:
            what = self._not_listed(claim) if office is None else self._claimed(claim, office)
            self.counts[what] += 1
        except SyncError as trouble:
            if not _is_final(trouble):
                self.troubles.append(trouble)
                return
            self.store.told(self.job, claim, str(trouble))
            self.counts["failed"] += 1

    def _not_listed(self, claim: Claim) -> str:
        is_over = self.whole.clock() - claim.first_seen_at >= LISTED_WITHIN
        note = NEVER_LISTED if is_over else NOT_LISTED_YET
        self.store.told(self.job, claim, note, is_over=is_over)
        return "dropped" if is_over else "not_listed"

    def _claimed(self, claim: Claim, office: Office) -> str:
        """An office that waits for its account is named in the vendor's words meanwhile."""
        self.store.confirmed(self.job, claim, office)
        if claim.account_id is None:
            return "pending"
        linked = [one for one in self.store.linked() if one.office_id.upper() == office.key]
        if any(one.account_id != claim.account_id for one in linked):
            self.store.told(self.job, claim, ANOTHERS, is_over=True)
            return "failed"
        self.offices.prove(office, account_id=claim.account_id)
        self._connect(office, linked, account_id=claim.account_id, claim=claim)
        return "connected"

    def _connect(
        self, office: Office, linked: Sequence[Linked], *, account_id: str, claim: Claim | None
    ) -> None:
        """Every practice of a claimed office; without a claim those that are connected already."""
        held = {one.site: one for one in linked}
        placed = [
            self._placed(office, site, practice, held.get(site), account_id=account_id)
            for site, practice in sites(office, linked).items()
            if claim is not None or site in held
        ]
        if placed:
            self.store.connected(self.job, office, placed, account_id=account_id, claim=claim)

    def _placed(
        self, office: Office, site: str, practice: Located, own: Linked | None, *, account_id: str
    ) -> Placed:
        """With its secret stored first, so that no row names one that is not there."""
        zone = own.timezone if own else practice.timezone or self.store.zone_of(account_id)
        if zone is None:
            raise NoZoneError(NO_ZONE)
        ref = own.secret_ref if own else None
        is_replaced = ref is not None and not self.offices.is_stored(ref, office)
        ref = self.offices.store(ref, office, account_id=account_id, site=site)
        return Placed(
            site=site, practice=practice, timezone=zone, secret_ref=ref, is_replaced=is_replaced
        )

    def _leave(self, linked: Sequence[Linked]) -> None:
        """A list may be short for once: an office whose secret still opens has not left."""
        for one in vanished(linked, self.listed):
            with self._noting_troubles():
                if one.office_id.upper() in self.listed or not self.offices.opens(one):
                    self.store.withdrawn(self.job, one, NO_LONGER)
                    self.counts["withdrawn"] += 1

    def _come_back(self, linked: Sequence[Linked]) -> None:
        """Connections that were shut out, or whose secret is another one by now."""
        for key, office in self.listed.items():
            own = [one for one in linked if one.office_id.upper() == key]
            for account_id in sorted({one.account_id for one in own}):
                mine = [one for one in own if one.account_id == account_id]
                with self._noting_troubles():
                    self._revive(office, mine, account_id)

    def _revive(self, office: Office, mine: Sequence[Linked], account_id: str) -> None:
        is_shut_out = any(one.state is State.NEEDS_SIGN_IN for one in mine)
        if not is_shut_out and all(self.offices.is_stored(one.secret_ref, office) for one in mine):
            return
        self.offices.prove(office, account_id=account_id)
        self._connect(office, mine, account_id=account_id, claim=None)
        self.counts["revived"] += 1

    def _notice(self, linked: Sequence[Linked], claims: Sequence[Claim]) -> None:
        """Offices that nobody has, and that no message told of."""
        known = {one.office_id.upper() for one in linked}
        known |= {one.office_id.upper() for one in claims}
        for key, office in self.listed.items():
            if key not in known:
                self.store.missed(self.job, office)
                self.counts["missed"] += 1

    def _look_again(self, claims: Sequence[Claim]) -> None:
        now = self.whole.clock()
        young = [
            one
            for one in claims
            if one.office_id.upper() not in self.listed and now - one.first_seen_at < LISTED_WITHIN
        ]
        if young:
            is_waited_for = any(one.state is AuthorisationState.CLAIMED for one in young)
            self.store.look_again(self.job, at=now + (SOON if is_waited_for else LATER))

    @contextmanager
    def _noting_troubles(self) -> Iterator[None]:
        """Nobody waits for an answer here: what is final stays as it is until tomorrow."""
        try:
            yield
        except SyncError as trouble:
            if isinstance(trouble, FenceLost):
                raise
            if not _is_final(trouble):
                self.troubles.append(trouble)


def _is_final(trouble: SyncError) -> bool:
    """A person has to know; anything else is the ledger's to try again."""
    return trouble.action in {"stop", "skip"} and not isinstance(trouble, HandBack)
