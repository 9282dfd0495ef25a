"""R10: sixteen workers find one expired token at once, at a vendor that rotates refresh keys."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from adapters.tokens import RedisTokens
from domain.credentials import Token, TokenRequest
from domain.errors import NeedsReconnect
from infra.clock import system_clock
from infra.redis import connect
from infra.sealing import Keyring, Sealer
from tests.checks.trials import tell

pytestmark = pytest.mark.integration

WORKERS, ROUNDS = 16, 100
SEALER = Sealer(Keyring.from_hex("0f" * 32))


@dataclass
class Vendor:
    """Each refresh key buys once; whoever uses one twice is shut out with all its keys."""

    refresh_key: str = "refresh-0"
    sold: int = 0
    reused: int = 0
    is_shut: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sell(self, refresh_key: str) -> tuple[Token, str]:
        with self._lock:
            self.reused += refresh_key != self.refresh_key
            self.is_shut |= refresh_key != self.refresh_key
            if self.is_shut:
                raise NeedsReconnect("a refresh key was used twice")
            self.sold += 1
            self.refresh_key = f"refresh-{self.sold}"
            ends = system_clock() + timedelta(hours=1)
            return Token(value=f"token-{self.sold}", expires_at=ends), self.refresh_key


@dataclass
class Connection:
    """Keeps the newest refresh key, as the secret store does for all processes."""

    vendor: Vendor = field(default_factory=Vendor)
    kept: str = "refresh-0"

    def buy(self) -> Token:
        token, self.kept = self.vendor.sell(self.kept)
        return token


@pytest.fixture
def workers(redis_url: str) -> Iterator[list[RedisTokens]]:
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(redis_url)) for _ in range(WORKERS)]
        yield [RedisTokens(client, SEALER, system_clock) for client in clients]


def test_one_of_sixteen_refreshes_each_round_and_no_refresh_key_is_used_twice(
    workers: list[RedisTokens],
) -> None:
    connection = Connection()
    request = TokenRequest(key="sikka:conn-1", fetch=connection.buy)
    held = workers[0].current(request)
    together = threading.Barrier(WORKERS)

    def find_expired(tokens: RedisTokens) -> str:
        together.wait(30)
        return tokens.renewed(request, refused=held).value

    with ThreadPoolExecutor(WORKERS) as threads:
        for round_ in range(ROUNDS):
            before = connection.vendor.sold
            found = set(threads.map(find_expired, workers))
            assert connection.vendor.sold == before + 1
            assert found == {f"token-{round_ + 2}"}
            held = workers[0].current(request)

    vendor = connection.vendor
    tell("R10", rounds=ROUNDS, refreshes=vendor.sold - 1, reused=vendor.reused,
         dead_connections=int(vendor.is_shut))  # fmt: skip
    assert (vendor.reused, vendor.is_shut) == (0, False)
