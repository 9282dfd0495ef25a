"""Tokens shared by every process: sealed in Redis, and bought by one of them at a time."""

import hmac
import json
import random
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread

import structlog
from redis import Redis, RedisError

from domain.credentials import Token, TokenRequest
from domain.errors import BrokenContract, Throttled, Transient
from infra.clock import Clock
from infra.sealing import SealBroken, Sealer

NAMESPACE = "pms-sync"
LOCK_SECONDS = 15.0
WAIT_SECONDS = 20.0
POLL_SECONDS = 0.03
RENEW_BEFORE = timedelta(seconds=60)
RENEW_AHEAD = timedelta(minutes=5)
JITTER = 0.25
# A token must be of some use before it counts as ending, however short the vendor makes it.
MOST_OF_ITS_LIFE = 0.25
UNTIL_REFUSED = timedelta(days=1)

# Stores and unlocks in one step. A buyer whose lock ran out while the vendor dawdled stores only if
# the token it set out to replace is still there: another's newer one must stand.
STORE = """
local holds = redis.call('get', KEYS[2]) == ARGV[1]
if holds then redis.call('del', KEYS[2]) end
if holds or (redis.call('get', KEYS[1]) or '') == ARGV[4] then
  redis.call('set', KEYS[1], ARGV[2], 'px', ARGV[3])
  return 1
end
return 0
"""
KEEP = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end
return 0
"""
UNLOCK = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """A token as it is kept: with the instant it was bought, to know how much of it is left."""

    token: Token
    bought_at: datetime
    sealed: bytes = b""

    def ends_within(self, lead: timedelta, now: datetime) -> bool:
        ends = self.token.expires_at
        if ends is None:
            return False
        return now >= ends - min(lead, (ends - self.bought_at) * MOST_OF_ITS_LIFE)

    def is_over(self, now: datetime) -> bool:
        return self.token.expires_at is not None and now >= self.token.expires_at


class RedisTokens:
    """Single flight over all processes: lock, read again, buy, store, and only then use.

    The lock is kept for as long as the vendor takes to answer, and 15 s when its holder died.
    """

    def __init__(
        self,
        redis: Redis,
        sealer: Sealer,
        clock: Clock,
        *,
        namespace: str = NAMESPACE,
        lock_seconds: float = LOCK_SECONDS,
    ) -> None:
        self._redis = redis
        self._sealer = sealer
        self._clock = clock
        self._namespace = namespace
        self._lock_seconds = lock_seconds
        self._store = redis.register_script(STORE)
        self._keep = redis.register_script(KEEP)
        self._unlock = redis.register_script(UNLOCK)

    def current(self, request: TokenRequest) -> Token:
        """A token that should work now; bought or renewed when there is none or it is ending."""
        with _redis_errors():
            held = self._read(request.key)
            if held is not None and not held.ends_within(_jittered(RENEW_BEFORE), self._clock()):
                return held.token
            if held is not None and not held.is_over(self._clock()):
                return self._renewed_early(request, held)
            return self._bought(request, unless=self._is_usable)

    def renewed(self, request: TokenRequest, *, refused: Token) -> Token:
        """A token other than the refused one: that of another process if there is one already."""

        def is_another(held: Held) -> bool:
            return self._is_usable(held) and not _same(held.token, refused)

        with _redis_errors():
            held = self._read(request.key)
            if held is not None and is_another(held):
                return held.token
            return self._bought(request, unless=is_another)

    def proactive(self, request: TokenRequest, *, ahead: timedelta = RENEW_AHEAD) -> bool:
        """Renew before anybody has to wait for it; answers whether a token was bought."""
        with _redis_errors():
            held = self._read(request.key)
            if held is not None and not held.ends_within(ahead, self._clock()):
                return False
            with self._lock(request.key) as owner:
                if owner is None or self._read(request.key) != held:
                    return False
                self._buy(request, owner, held)
                return True

    def forget(self, key: str) -> None:
        """The connection was removed, or its secrets replaced."""
        with _redis_errors():
            self._redis.delete(self._token_key(key))

    def _renewed_early(self, request: TokenRequest, held: Held) -> Token:
        """The token still works: whoever gets the lock renews it, and nobody waits."""
        with self._lock(request.key) as owner:
            if owner is None:
                return held.token
            newer = self._read(request.key)
            if newer is not None and newer != held:
                return newer.token
            try:
                return self._buy(request, owner, held)
            except (Transient, Throttled, BrokenContract) as problem:
                # The vendor's trouble with selling one is no reason not to use what still works.
                log.warning("token.not_renewed", error_kind=problem.kind)
                return held.token

    def _bought(self, request: TokenRequest, *, unless: Callable[[Held], bool]) -> Token:
        """Wait for the lock, and look again before buying: the wait was for somebody's purchase."""
        gives_up_at = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < gives_up_at:
            with self._lock(request.key) as owner:
                held = self._read(request.key)
                if held is not None and unless(held):
                    return held.token
                if owner is not None:
                    return self._buy(request, owner, held)
            time.sleep(POLL_SECONDS)
        raise Transient("another process is renewing this token and does not finish")

    def _buy(self, request: TokenRequest, owner: str, replaced: Held | None) -> Token:
        with self._kept(self._lock_key(request.key), owner):
            token = request.fetch()
        now = self._clock()
        life = (token.expires_at - now) if token.expires_at else UNTIL_REFUSED
        sealed = self._sealed(request.key, Held(token, bought_at=now))
        keys = [self._token_key(request.key), self._lock_key(request.key)]
        milliseconds = max(1, int(life.total_seconds() * 1000))
        before = b"" if replaced is None else replaced.sealed
        stored = self._store(keys=keys, args=[owner, sealed, milliseconds, before])
        if stored:
            log.info("token.renewed", expires_at=token.expires_at)
            return token
        newer = self._read(request.key)
        return token if newer is None else newer.token

    @contextmanager
    def _lock(self, key: str) -> Iterator[str | None]:
        """Our mark while the lock is ours, None while it is another's; never waits."""
        owner = secrets.token_hex(16)
        name = self._lock_key(key)
        if not self._redis.set(name, owner, nx=True, px=int(self._lock_seconds * 1000)):
            yield None
            return
        try:
            yield owner
        finally:
            self._unlock(keys=[name], args=[owner])

    @contextmanager
    def _kept(self, lock: str, owner: str) -> Iterator[None]:
        """Lengthen the lock while the vendor thinks, so that nobody buys a second token."""
        done = Event()
        keeper = Thread(target=self._keep_until, args=(done, lock, owner), daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()

    def _keep_until(self, done: Event, lock: str, owner: str) -> None:
        while not done.wait(self._lock_seconds / 3):
            try:
                self._keep(keys=[lock], args=[owner, int(self._lock_seconds * 1000)])
            except RedisError as error:
                # The lock may run out; storing still replaces only what this buyer had seen.
                log.warning("token.lock_not_kept", error_kind=type(error).__name__)

    def _read(self, key: str) -> Held | None:
        sealed = self._redis.get(self._token_key(key))
        if not isinstance(sealed, bytes):
            return None
        try:
            plain = self._sealer.open(sealed, table="tokens", column="value", row=key, account="")
        except SealBroken:
            # Sealed under a key that was rotated away: as good as none, and soon replaced.
            return None
        kept = json.loads(plain)
        ends = kept["expires_at"]
        return Held(
            Token(value=kept["value"], expires_at=ends and datetime.fromisoformat(ends)),
            bought_at=datetime.fromisoformat(kept["bought_at"]),
            sealed=sealed,
        )

    def _sealed(self, key: str, held: Held) -> bytes:
        ends = held.token.expires_at
        plain = json.dumps(
            {
                "value": held.token.value,
                "expires_at": ends and ends.isoformat(),
                "bought_at": held.bought_at.isoformat(),
            }
        )
        return self._sealer.seal(plain, table="tokens", column="value", row=key, account="")

    def _is_usable(self, held: Held) -> bool:
        return not held.is_over(self._clock())

    def _token_key(self, key: str) -> str:
        return f"{self._namespace}:token:{key}"

    def _lock_key(self, key: str) -> str:
        return f"{self._namespace}:token-lock:{key}"


@contextmanager
def _redis_errors() -> Iterator[None]:
    """Without Redis nobody knows who is buying: late is better than twice."""
    try:
        yield
    except RedisError as error:
        raise Transient(f"tokens cannot be shared now ({type(error).__name__})") from None


def _same(one: Token, other: Token) -> bool:
    return hmac.compare_digest(one.value.encode(), other.value.encode())


def _jittered(lead: timedelta) -> timedelta:
    """Processes must not all notice the end in the same instant."""
    return lead * (1 + JITTER * random.random())  # noqa: S311 - spreads load, guards nothing
