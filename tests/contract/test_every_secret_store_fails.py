"""What a vendor gave anew outlives a store that fails, and a worker killed before it was stored."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError
from redis import Redis

from adapters.pms import open_vendor
from adapters.pms.medirecords import VENDOR
from adapters.rest.ports import Ports
from adapters.secrets.aws import AwsSecretStore
from adapters.secrets.file import LOCK, FileSecretStore
from adapters.tokens import RedisTokens
from adapters.vault import StoredSecrets, Unstored
from domain.credentials import SecretStore, Tokens
from domain.errors import NeedsReconnect, Refused, SyncError, Transient
from tests.adapters.rest.test_sign_in import CONNECTION, REF, SIGNED_IN, Desk
from tests.contract.kit import NOW, FakeThrottle, FakeTokens, MockSender
from tests.contract.test_every_secret_store import SEALER, aws_address, aws_client
from tests.fakes import FakeSecrets

__all__ = ["aws_address"]

pytestmark = pytest.mark.integration


@dataclass
class Place:
    """One real store, opened anew by each process, that takes nothing in while it `fail`s."""

    opened: Callable[[], SecretStore]
    fail: Callable[[bool], None]


@pytest.fixture(params=["file", "aws"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "file":
        lock = tmp_path / LOCK

        def turn(*, is_off: bool) -> None:
            # Nobody can open a folder for writing: what a full or read-only disk does to the file.
            lock.unlink() if is_off else lock.rmdir()
            lock.mkdir() if is_off else lock.touch()

        return Place(lambda: FileSecretStore(tmp_path, SEALER), lambda off: turn(is_off=off))
    client, refusal = _refusing(request.getfixturevalue("aws_address"))
    return Place(lambda: AwsSecretStore(client, f"tests/{tmp_path.name}"), refusal)


def _refusing(address: str) -> tuple[Any, Callable[[bool], None]]:
    """A client whose role may read, and loses the right to write."""
    client, event = aws_client(address), "before-call.secretsmanager.PutSecretValue"

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutSecretValue")

    def turn(is_off: bool) -> None:
        (client.meta.events.register if is_off else client.meta.events.unregister)(event, refuse)

    return client, turn


@dataclass
class Worker:
    """One process: what it has in memory, on top of what all share."""

    place: Place
    desk: Desk
    redis: Redis
    tokens: Tokens = field(default_factory=FakeTokens)

    @property
    def vault(self) -> StoredSecrets:
        held = Unstored(self.redis, SEALER)
        return StoredSecrets(self.place.opened(), REF, unstored=held)

    def works(self) -> bool:
        ports = Ports(
            sender=MockSender(self.desk),
            throttle=FakeThrottle(),
            tokens=self.tokens,
            clock=lambda: NOW,
            vault=self.vault,
        )
        secrets = self.place.opened().get(REF)
        source = open_vendor(VENDOR, CONNECTION, secrets=secrets, ports=ports)
        return source.practice().name == "Example"


@pytest.fixture
def desk(place: Place) -> Desk:
    place.opened().put(REF, SIGNED_IN)
    return Desk()


def used(desk: Desk) -> list[str]:
    return [one["refresh_token"] for one in desk.asked]


def test_a_refresh_token_that_cannot_be_stored_is_used_and_stored_when_it_can_be(
    place: Place, desk: Desk, redis_client: Redis
) -> None:
    place.fail(True)

    assert Worker(place, desk, redis_client).works()
    assert Worker(place, desk, redis_client).works()
    assert place.opened().get(REF) == SIGNED_IN
    place.fail(False)
    assert Worker(place, desk, redis_client).works()

    assert used(desk) == ["r-1", "r-2", "r-3"]
    assert place.opened().get(REF) == {**SIGNED_IN, "refresh_token": "r-4"}
    assert redis_client.keys("*unstored*") == []


def test_one_that_the_vendor_lets_stay_is_stored_later_too(
    place: Place, desk: Desk, redis_client: Redis
) -> None:
    place.fail(True)
    Worker(place, desk, redis_client).works()
    place.fail(False)
    desk.rotates = False

    Worker(place, desk, redis_client).works()

    assert place.opened().get(REF) == {**SIGNED_IN, "refresh_token": "r-2"}


def test_a_worker_killed_before_it_stored_one_leaves_it_to_the_next(
    place: Place, desk: Desk, redis_client: Redis
) -> None:
    class Dying(FakeSecrets):
        def replace(self, ref: str, values: Mapping[str, str]) -> None:
            raise KeyboardInterrupt

    dying = replace(Worker(place, desk, redis_client).vault, store=Dying({REF: dict(SIGNED_IN)}))
    with pytest.raises(KeyboardInterrupt):
        dying.keep({"refresh_token": "r-2"})
    desk.refresh = "r-2"

    assert Worker(place, desk, redis_client).works()
    assert used(desk) == ["r-2"]


def test_of_two_workers_one_renews_while_the_store_fails_and_both_go_on(
    place: Place, desk: Desk, redis_client: Redis
) -> None:
    place.fail(True)
    begin = Barrier(2)

    def work(_: int) -> bool:
        tokens = RedisTokens(redis_client, SEALER, lambda: NOW)
        begin.wait(timeout=30)
        return Worker(place, desk, redis_client, tokens).works()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, range(2))) == [True, True]
    assert used(desk) == ["r-1"]


def test_what_a_person_stored_meanwhile_is_newer_than_what_is_held(
    place: Place, desk: Desk, redis_client: Redis
) -> None:
    place.fail(True)
    Worker(place, desk, redis_client).works()
    place.fail(False)
    signed_in_again = {**SIGNED_IN, "grant": "g-2", "refresh_token": "r-9"}
    place.opened().put(REF, signed_in_again)

    assert Worker(place, desk, redis_client).vault.fresh() == signed_in_again


def test_secrets_deleted_meanwhile_are_not_held_either(
    place: Place, desk: Desk, redis_client: Redis
) -> None:
    vault = Worker(place, desk, redis_client).vault
    place.opened().delete(REF)

    with pytest.raises(NeedsReconnect):
        vault.keep({"refresh_token": "r-2"})
    assert redis_client.keys("*unstored*") == []


def test_where_neither_takes_it_that_is_told(place: Place, desk: Desk, without_disk: Redis) -> None:
    place.fail(True)

    with pytest.raises((Transient, Refused)) as failure:
        Worker(place, desk, without_disk).vault.keep({"refresh_token": "r-2"})
    assert "store" in str(failure.value)


def test_where_redis_cannot_say_what_is_held_no_spent_one_is_used(place: Place, desk: Desk) -> None:
    nobody = Redis.from_url("redis://127.0.0.1:1/0")

    with pytest.raises(SyncError) as failure:
        Worker(place, desk, nobody).works()
    assert failure.value.action == "retry"
    assert used(desk) == []


def test_what_is_held_is_sealed(place: Place, desk: Desk, redis_client: Redis) -> None:
    place.fail(True)
    Worker(place, desk, redis_client).works()

    (key,) = redis_client.keys("*unstored*")
    assert b"r-2" not in (redis_client.get(key) or b"")
    assert timedelta(days=29).total_seconds() < redis_client.ttl(key)
