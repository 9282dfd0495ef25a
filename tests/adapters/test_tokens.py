"""One purchase however many ask, nothing in clear, and the new token for everybody."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import pytest
from redis import Redis

from adapters.tokens import RedisTokens
from domain.credentials import Token, TokenRequest
from domain.errors import BrokenContract, NeedsReconnect, Transient
from infra.clock import system_clock
from infra.redis import connect
from infra.sealing import Keyring, Sealer

pytestmark = pytest.mark.integration

KEY = "0f" * 32
SEALER = Sealer(Keyring.from_hex(KEY))
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Shop:
    """A vendor that sells numbered tokens and counts them."""

    def __init__(self, clock: Callable[[], datetime], life: timedelta | None) -> None:
        self.sold = 0
        self._clock = clock
        self._life = life
        self._lock = threading.Lock()

    def __call__(self) -> Token:
        with self._lock:
            self.sold += 1
            ends = self._clock() + self._life if self._life is not None else None
            return Token(value=f"s3cr3t-{self.sold}", expires_at=ends)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def shop(clock: Hands) -> Shop:
    return Shop(clock, timedelta(hours=1))


@pytest.fixture
def request_(shop: Shop) -> TokenRequest:
    return TokenRequest(key="gentu:conn-1", fetch=shop)


@pytest.fixture
def tokens(redis_url: str, clock: Hands) -> Iterator[RedisTokens]:
    with connect(redis_url) as client:
        yield RedisTokens(client, SEALER, clock)


def test_the_first_to_ask_buys_and_everybody_else_reads(
    tokens: RedisTokens, request_: TokenRequest, shop: Shop
) -> None:
    found = {tokens.current(request_).value for _ in range(5)}

    assert found == {"s3cr3t-1"}
    assert shop.sold == 1


def test_nothing_of_a_token_lies_in_redis_in_clear(
    tokens: RedisTokens, request_: TokenRequest, redis_client: Redis
) -> None:
    tokens.current(request_)

    (key,) = redis_client.keys("*")
    stored = redis_client.get(key)
    assert isinstance(stored, bytes)
    assert b"s3cr3t" not in stored
    assert 3_590_000 < redis_client.pttl(key) <= 3_600_000


def test_a_token_sealed_for_one_connection_does_not_serve_another(
    tokens: RedisTokens, request_: TokenRequest, shop: Shop, redis_client: Redis
) -> None:
    tokens.current(request_)
    redis_client.copy("pms-sync:token:gentu:conn-1", "pms-sync:token:gentu:conn-2")

    other = tokens.current(TokenRequest(key="gentu:conn-2", fetch=shop))

    assert other.value == "s3cr3t-2"


@pytest.mark.parametrize(
    ("left", "value"),
    [
        (timedelta(seconds=80), "s3cr3t-1"),
        (timedelta(seconds=59), "s3cr3t-2"),
        (timedelta(0), "s3cr3t-2"),
        (timedelta(hours=-1), "s3cr3t-2"),
    ],
)
def test_a_token_is_renewed_a_minute_before_its_end(
    tokens: RedisTokens, request_: TokenRequest, clock: Hands, left: timedelta, value: str
) -> None:
    tokens.current(request_)

    clock.now = NOON + timedelta(hours=1) - left

    assert tokens.current(request_).value == value


def test_a_short_token_is_used_for_most_of_its_life(redis_url: str, clock: Hands) -> None:
    shop = Shop(clock, timedelta(seconds=40))
    request = TokenRequest(key="k", fetch=shop)
    tokens = RedisTokens(connect(redis_url), SEALER, clock)
    tokens.current(request)

    clock.now = NOON + timedelta(seconds=29)
    assert tokens.current(request).value == "s3cr3t-1"
    clock.now = NOON + timedelta(seconds=31)
    assert tokens.current(request).value == "s3cr3t-2"


def test_while_another_renews_the_old_token_still_serves(
    tokens: RedisTokens, request_: TokenRequest, clock: Hands, shop: Shop, redis_client: Redis
) -> None:
    tokens.current(request_)
    clock.now = NOON + timedelta(minutes=59, seconds=30)
    redis_client.set("pms-sync:token-lock:gentu:conn-1", "another process")

    assert tokens.current(request_).value == "s3cr3t-1"
    assert shop.sold == 1


@pytest.mark.parametrize(
    "trouble", [Transient("the vendor is away"), BrokenContract("no token in the answer")]
)
def test_while_the_vendor_sells_none_the_old_token_serves_to_its_end(
    tokens: RedisTokens, request_: TokenRequest, clock: Hands, trouble: Exception
) -> None:
    def shut() -> Token:
        raise trouble

    tokens.current(request_)
    closed = TokenRequest(key=request_.key, fetch=shut)

    clock.now = NOON + timedelta(minutes=59, seconds=30)
    assert tokens.current(closed).value == "s3cr3t-1"
    clock.now = NOON + timedelta(minutes=60)
    with pytest.raises(type(trouble)):
        tokens.current(closed)
    assert tokens.current(request_).value == "s3cr3t-2"


def test_a_token_without_an_end_lasts_until_it_is_refused(redis_url: str, clock: Hands) -> None:
    request = TokenRequest(key="k", fetch=Shop(clock, None))
    tokens = RedisTokens(connect(redis_url), SEALER, clock)
    first = tokens.current(request)
    clock.now = NOON + timedelta(hours=20)

    assert tokens.current(request) == first
    assert tokens.renewed(request, refused=first).value == "s3cr3t-2"


def test_a_refused_token_is_replaced_once_for_everybody(
    tokens: RedisTokens, request_: TokenRequest, shop: Shop
) -> None:
    refused = tokens.current(request_)

    found = [tokens.renewed(request_, refused=refused).value for _ in range(5)]

    assert found == ["s3cr3t-2"] * 5
    assert shop.sold == 2


def test_a_purchase_that_fails_frees_the_lock_and_says_why(
    tokens: RedisTokens, request_: TokenRequest, redis_client: Redis
) -> None:
    def refuse() -> Token:
        raise NeedsReconnect("the vendor knows this client no more")

    with pytest.raises(NeedsReconnect):
        tokens.current(TokenRequest(key="gentu:conn-1", fetch=refuse))

    assert redis_client.keys("*") == []
    assert tokens.current(request_).value == "s3cr3t-1"


def test_the_lock_outlives_a_vendor_that_dawdles(redis_url: str, shop: Shop, clock: Hands) -> None:
    with connect(redis_url) as client, ThreadPoolExecutor(1) as pool:
        tokens = RedisTokens(client, SEALER, clock, lock_seconds=3)
        buying, answered = threading.Event(), threading.Event()

        def dawdle() -> Token:
            buying.set()
            answered.wait(30)
            return shop()

        slow = pool.submit(tokens.current, TokenRequest(key="k", fetch=dawdle))
        buying.wait(30)
        threading.Timer(4, answered.set).start()
        found = tokens.current(TokenRequest(key="k", fetch=shop))

        assert found == slow.result()
    assert shop.sold == 1


def test_a_slow_buyer_whose_lock_ran_out_does_not_replace_a_newer_token(
    tokens: RedisTokens, request_: TokenRequest, redis_client: Redis
) -> None:
    def dawdle() -> Token:
        redis_client.delete("pms-sync:token-lock:gentu:conn-1")
        tokens.current(request_)
        return Token(value="stale", expires_at=NOON + timedelta(hours=2))

    found = tokens.current(TokenRequest(key="gentu:conn-1", fetch=dawdle))

    assert found.value == "s3cr3t-1"
    assert tokens.current(request_).value == "s3cr3t-1"


def test_a_slow_buyer_still_replaces_the_token_that_was_refused(
    tokens: RedisTokens, request_: TokenRequest, redis_client: Redis
) -> None:
    refused = tokens.current(request_)

    def dawdle() -> Token:
        redis_client.delete("pms-sync:token-lock:gentu:conn-1")
        return Token(value="fresh", expires_at=NOON + timedelta(hours=2))

    request = TokenRequest(key="gentu:conn-1", fetch=dawdle)
    assert tokens.renewed(request, refused=refused).value == "fresh"
    assert tokens.current(request_).value == "fresh"


def test_the_scheduler_renews_what_ends_soon_and_nothing_else(
    tokens: RedisTokens, request_: TokenRequest, clock: Hands, shop: Shop
) -> None:
    assert tokens.proactive(request_)
    assert not tokens.proactive(request_)
    clock.now = NOON + timedelta(minutes=56)

    assert tokens.proactive(request_)
    assert tokens.current(request_).value == "s3cr3t-2"
    assert shop.sold == 2


def test_a_forgotten_token_is_bought_anew(tokens: RedisTokens, request_: TokenRequest) -> None:
    tokens.current(request_)

    tokens.forget("gentu:conn-1")

    assert tokens.current(request_).value == "s3cr3t-2"


def test_a_token_under_a_key_that_was_rotated_away_is_bought_anew(
    tokens: RedisTokens, request_: TokenRequest, redis_url: str, clock: Hands
) -> None:
    tokens.current(request_)
    rotated = RedisTokens(connect(redis_url), Sealer(Keyring.from_hex("a5" * 32)), clock)

    assert rotated.current(request_).value == "s3cr3t-2"


def test_without_redis_nothing_is_bought(shop: Shop, request_: TokenRequest, clock: Hands) -> None:
    away = connect("redis://127.0.0.1:1/0", retries=0, seconds=0.5)

    with pytest.raises(Transient):
        RedisTokens(away, SEALER, clock).current(request_)
    assert shop.sold == 0


def test_sixteen_at_once_buy_one_token_each_round(redis_url: str) -> None:
    shop = Shop(system_clock, timedelta(hours=1))
    with ExitStack() as stack, ThreadPoolExecutor(16) as pool:
        clients = [stack.enter_context(connect(redis_url)) for _ in range(16)]
        everyone = [RedisTokens(client, SEALER, system_clock) for client in clients]
        for round_ in range(100):
            request = TokenRequest(key=f"gentu:{round_}", fetch=shop)
            start = threading.Barrier(16)

            def ask(
                tokens: RedisTokens,
                request: TokenRequest = request,
                start: threading.Barrier = start,
            ) -> str:
                start.wait(30)
                return tokens.current(request).value

            assert set(pool.map(ask, everyone)) == {f"s3cr3t-{round_ + 1}"}
    assert shop.sold == 100


def test_processes_that_find_the_same_refused_token_buy_one(
    redis_url: str, redis_client: Redis
) -> None:
    tokens = RedisTokens(redis_client, SEALER, system_clock)
    tokens.current(TokenRequest(key="k", fetch=lambda: _sold(redis_client)))
    spawn = get_context("spawn")
    start = spawn.Barrier(4)
    buyers = [spawn.Process(target=_renew, args=(redis_url, start)) for _ in range(4)]

    for buyer in buyers:
        buyer.start()
    for buyer in buyers:
        buyer.join(60)

    assert [buyer.exitcode for buyer in buyers] == [0] * 4
    assert redis_client.get("sold") == b"2"


def _renew(redis_url: str, start: threading.Barrier) -> None:
    client = connect(redis_url)
    tokens = RedisTokens(client, SEALER, system_clock)
    request = TokenRequest(key="k", fetch=lambda: _sold(client))
    refused = tokens.current(request)
    start.wait(30)
    assert tokens.renewed(request, refused=refused).value == "s3cr3t-2"


def _sold(client: Redis) -> Token:
    return Token(
        value=f"s3cr3t-{client.incr('sold')}", expires_at=system_clock() + timedelta(hours=1)
    )
