"""One connection's secrets where they are stored, under those the operator set for its vendor."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from redis import Redis, RedisError

from adapters.rest.sign_in import GRANT, REFRESH
from domain.credentials import SecretStore
from domain.errors import NeedsReconnect, SyncError, Transient
from infra.sealing import SealBroken, Sealer

WAITS_FOR_THE_STORE = timedelta(days=30)
"""How long a secret that could not be stored is held; each renewal tries the store again."""

log = structlog.get_logger(__name__)


class Unstored:
    """What a vendor gave anew, sealed in Redis from its answer until the secret store has it.

    A refresh token is good once: lost on that way, it would lock the practice out. Redis was
    written to a moment before, for the lock under which one process at a time asks the vendor.
    """

    def __init__(self, redis: Redis, sealer: Sealer, *, namespace: str = "pms-sync") -> None:
        self._redis = redis
        self._sealer = sealer
        self._namespace = namespace

    def newest(self, ref: str, stored: Mapping[str, str]) -> Mapping[str, str]:
        """Those to go by: what is held in place of these, else these.

        Secrets that somebody stored meanwhile are newer than what is held.
        """
        try:
            sealed = self._redis.get(self._key(ref))
        except RedisError as error:
            raise Transient(f"newest secrets cannot be read ({type(error).__name__})") from None
        if not isinstance(sealed, bytes):
            return stored
        try:
            plain = self._sealer.open(sealed, table="secrets", column="held", row=ref, account="")
        except SealBroken:
            # Sealed under a key that was rotated away.
            return stored
        held = json.loads(plain)
        values: Mapping[str, str] = held["values"]
        return values if held["instead_of"] == dict(stored) else stored

    def hold(self, ref: str, values: Mapping[str, str], *, instead_of: Mapping[str, str]) -> bool:
        """Whether it could be."""
        plain = json.dumps({"values": dict(values), "instead_of": dict(instead_of)})
        sealed = self._sealer.seal(plain, table="secrets", column="held", row=ref, account="")
        try:
            self._redis.set(self._key(ref), sealed, ex=WAITS_FOR_THE_STORE)
        except RedisError:
            return False
        return True

    def let_go(self, ref: str) -> None:
        """The store has it; what stays held counts for nothing, and ends."""
        with suppress(RedisError):
            self._redis.delete(self._key(ref))

    def _key(self, ref: str) -> str:
        return f"{self._namespace}:unstored:{ref}"


@dataclass(frozen=True, slots=True)
class StoredSecrets:
    """Reads past any cache and writes back what a vendor gave anew.

    Secrets on trial may hold the same sign-in as those in use, which `in_use` names. A refresh
    token is good once: what is bought for the trial is then kept by both, however the trial ends.
    """

    store: SecretStore
    ref: str
    preset: Mapping[str, str] = field(default_factory=dict, repr=False)
    in_use: str | None = None
    unstored: Unstored | None = None

    def fresh(self) -> Mapping[str, str]:
        own = self._newest(self.ref)
        return {**self.preset, **own, **self._shared(own)}

    def keep(self, changes: Mapping[str, str | None]) -> None:
        own = self._newest(self.ref)
        newest = changes.get(REFRESH)
        if self.in_use is not None and newest and self._shared(own):
            self._change(self.in_use, {REFRESH: newest})
        self._change(self.ref, changes)

    def _shared(self, own: Mapping[str, str]) -> Mapping[str, str]:
        """The newest refresh token of a sign-in that those in use hold, too."""
        if self.in_use is None or not own.get(GRANT):
            return {}
        try:
            used = self._newest(self.in_use)
        except NeedsReconnect:
            return {}
        is_same = used.get(GRANT) == own[GRANT] and used.get(REFRESH)
        return {REFRESH: used[REFRESH]} if is_same else {}

    def _change(self, ref: str, changes: Mapping[str, str | None]) -> None:
        """Held before it is stored: a worker may be killed, or the store fail, in between."""
        stored = self._stored(ref)
        changed = {**self._or_held(ref, stored), **changes}
        values = {name: one for name, one in changed.items() if one}
        if values == stored:
            return
        is_held = self.unstored is not None and self.unstored.hold(ref, values, instead_of=stored)
        try:
            self.store.replace(ref, values)
        except NeedsReconnect:
            # They were deleted meanwhile.
            self._let_go(ref)
            raise
        except SyncError as problem:
            if not is_held:
                raise
            log.error("secrets.not_stored", secret_ref=ref, reason=str(problem))  # noqa: TRY400
        else:
            self._let_go(ref)

    def _newest(self, ref: str) -> Mapping[str, str]:
        return self._or_held(ref, self._stored(ref))

    def _or_held(self, ref: str, stored: Mapping[str, str]) -> Mapping[str, str]:
        return stored if self.unstored is None else self.unstored.newest(ref, stored)

    def _let_go(self, ref: str) -> None:
        if self.unstored is not None:
            self.unstored.let_go(ref)

    def _stored(self, ref: str) -> Mapping[str, str]:
        self.store.forget(ref)
        return self.store.get(ref)
