"""Settles the offices that let us in, by what the vendor lists and never by what a message said."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from domain.authorisations import (
    LISTED_WITHIN,
    AuthorisationState,
    Claim,
    Linked,
    Listed,
    Office,
    Placed,
    sites,
    vanished,
)
from domain.connections import State
from domain.errors import SyncError
from domain.jobs import Job
from domain.sources import Spend
from infra.stopping import HandBack, Stopping

SOON, LATER = timedelta(seconds=20), timedelta(minutes=5)
"""When an office that is not listed yet is looked for again: somebody waits for it, or not."""

NOT_LISTED_YET = "Sikka does not list this office yet; it is looked for again."
NEVER_LISTED = "Sikka does not list this office."
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
            return self._settled(job, offices)
        finally:
            self.store.keep_spent(job, offices.drain_spent())

    def _settled(self, job: Job, offices: Offices) -> Mapping[str, Any]:
        listed = offices.listed()
        counts: Counter[str] = Counter()
        troubles: list[SyncError] = []
        claims = self.store.open()
        for claim in claims:
            self.stopping.check()
            with_office = listed.get(claim.office_id.upper())
            try:
                if with_office is None:
                    counts[self._not_listed(job, claim)] += 1
                else:
                    counts[self._claimed(job, offices, claim, with_office)] += 1
            except SyncError as trouble:
                if _is_final(trouble):
                    self.store.told(job, claim, str(trouble))
                    counts["failed"] += 1
                else:
                    troubles.append(trouble)
        self._reconcile(job, offices, listed, claims, counts, troubles)
        self._look_again(job, listed, claims)
        if troubles:
            raise troubles[0]
        self.store.finished(job)
        return dict(counts)

    def _claimed(self, job: Job, offices: Offices, claim: Claim, office: Office) -> str:
        """An office that waits for its account is named in the vendor's words meanwhile."""
        self.store.confirmed(job, claim, office)
        if claim.account_id is None:
            return "pending"
        linked = self._linked(office)
        if any(one.account_id != claim.account_id for one in linked):
            note = "This office is connected to another account."
            self.store.told(job, claim, note, is_over=True)
            return "failed"
        offices.prove(office, account_id=claim.account_id)
        self._connected(job, offices, office, linked, account_id=claim.account_id, claim=claim)
        return "connected"

    def _connected(
        self,
        job: Job,
        offices: Offices,
        office: Office,
        linked: Sequence[Linked],
        *,
        account_id: str,
        claim: Claim | None,
    ) -> None:
        """Every practice of a claimed office; without a claim those that are connected already."""
        held = {one.site: one for one in linked}
        placed = []
        for site, practice in sites(office, linked).items():
            own = held.get(site)
            if own is None and claim is None:
                continue
            zone = own.timezone if own else practice.timezone or self.store.zone_of(account_id)
            if zone is None:
                raise NoZoneError(NO_ZONE)
            ref = own.secret_ref if own else None
            is_replaced = ref is not None and not offices.is_stored(ref, office)
            ref = offices.store(ref, office, account_id=account_id, site=site)
            placed.append(
                Placed(
                    site=site,
                    practice=practice,
                    timezone=zone,
                    secret_ref=ref,
                    is_replaced=is_replaced,
                )
            )
        if placed:
            self.store.connected(job, office, placed, account_id=account_id, claim=claim)

    def _not_listed(self, job: Job, claim: Claim) -> str:
        is_over = self.clock() - claim.first_seen_at >= LISTED_WITHIN
        self.store.told(job, claim, NEVER_LISTED if is_over else NOT_LISTED_YET, is_over=is_over)
        return "dropped" if is_over else "not_listed"

    def _reconcile(
        self,
        job: Job,
        offices: Offices,
        listed: Listed,
        claims: Sequence[Claim],
        counts: Counter[str],
        troubles: list[SyncError],
    ) -> None:
        """What no message told: offices that are gone, let us in again, or that nobody has."""
        linked = self.store.linked()
        for one in vanished(linked, listed):
            self.store.withdrawn(job, one, NO_LONGER)
            counts["withdrawn"] += 1
        known = {one.office_id.upper() for one in linked} | {
            one.office_id.upper() for one in claims
        }
        for key, office in listed.items():
            own = [one for one in linked if one.office_id.upper() == key]
            for account_id in sorted({one.account_id for one in own}):
                mine = [one for one in own if one.account_id == account_id]
                try:
                    counts["revived"] += self._revived(job, offices, office, mine, account_id)
                except SyncError as trouble:
                    if not _is_final(trouble):
                        troubles.append(trouble)
            if key not in known:
                self.store.missed(job, office)
                counts["missed"] += 1

    def _revived(
        self, job: Job, offices: Offices, office: Office, mine: Sequence[Linked], account_id: str
    ) -> int:
        """Connections that were shut out, or whose secret is another one by now."""
        stale = [one for one in mine if not offices.is_stored(one.secret_ref, office)]
        shut_out = [one for one in mine if one.state is State.NEEDS_SIGN_IN]
        if not stale and not shut_out:
            return 0
        offices.prove(office, account_id=account_id)
        self._connected(job, offices, office, mine, account_id=account_id, claim=None)
        return 1

    def _linked(self, office: Office) -> Sequence[Linked]:
        return [one for one in self.store.linked() if one.office_id.upper() == office.key]

    def _look_again(self, job: Job, listed: Listed, claims: Sequence[Claim]) -> None:
        now = self.clock()
        young = [
            one
            for one in claims
            if one.office_id.upper() not in listed and now - one.first_seen_at < LISTED_WITHIN
        ]
        if young:
            is_waited_for = any(one.state is AuthorisationState.CLAIMED for one in young)
            self.store.look_again(job, at=now + (SOON if is_waited_for else LATER))


def _is_final(trouble: SyncError) -> bool:
    """A person has to know; anything else is the ledger's to try again."""
    return trouble.action in {"stop", "skip"} and not isinstance(trouble, HandBack)
