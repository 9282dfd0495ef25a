"""Thousands of forged and malformed messages at a real door: turned away, and nothing is kept."""

import gzip
import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
import redis
from sqlalchemy import Engine, text

from adapters.queue import RedisAnnouncer
from adapters.replies import Replies
from infra import database, embedded
from infra.sealing import Keyring, Sealer
from producers.callers import Voice
from tests.webhooks.forging import BODIES, GENUINE, PROOFS, SECRET, every_plan, forgeries
from tests.webhooks.serving import served
from tests.webhooks.wire import Headers, Sent, verdicts

pytestmark = pytest.mark.integration

COUNT = 10_000 if "SOAK" in os.environ else 4 * len(PROOFS) * len(BODIES)
SEED = 20261121
TABLES = ("deliveries", "tool_calls", "phone_calls", "jobs", "pms_writes", "pms_audit_logs")


@dataclass(frozen=True, slots=True)
class Door:
    """A served ingress, and what it has kept."""

    port: int
    engine: Engine

    def kept(self) -> dict[str, int]:
        with database.transaction(self.engine) as db:
            counts = {
                one: int(db.execute(text(f"SELECT count(*) FROM {one}")).scalar_one())  # noqa: S608
                for one in TABLES
            }
        return {table: count for table, count in counts.items() if count}


@pytest.fixture(scope="module")
def door(module_database_url: str, servers: embedded.Servers) -> Iterator[Door]:
    with opened(module_database_url, servers.redis_url) as made:
        yield made


@contextmanager
def opened(database_url: str, redis_url: str) -> Iterator[Door]:
    """With every plan in force at once: none may be fooled, and none may break."""
    engine = database.engine(database_url, application_name="tests", pool_size=10)
    voice = Voice(
        plans=every_plan(),
        replies=Replies(redis_url),
        announcer=RedisAnnouncer(redis_url),
        fallback_seconds=0.2,
        answer_seconds=0.4,
    )
    sealer = Sealer(Keyring.from_hex("9f" * 32))
    with (
        redis.Redis.from_url(redis_url) as client,
        served(
            engine, database_url, client, sealer, voice=voice, twilio_auth_token=SECRET
        ) as browser,
    ):
        yield Door(browser.base_url.port or 0, engine)
    engine.dispose()


def test_forgeries_are_turned_away_and_leave_nothing(door: Door) -> None:
    found = verdicts(door.port, forgeries(COUNT, seed=SEED))

    assert found.total() == COUNT
    assert {(status, body) for _, status, body in found} == {(401, b"")}
    assert len({kind for kind, _, _ in found}) == len(PROOFS) * len(BODIES)
    assert door.kept() == {}


def test_the_door_is_open_for_what_is_genuine(database_url: str, redis_url: str) -> None:
    """Else all the others would prove nothing."""
    signature = hmac.new(SECRET.encode(), GENUINE, hashlib.sha256).hexdigest().encode()
    signed = Sent(kind="signed", headers=[(b"X-Vapi-Signature", signature)], body=GENUINE)

    with opened(database_url, redis_url) as door:
        ((kind, status, _),) = verdicts(door.port, [signed])

        assert (kind, status) == ("signed", 200)
        assert door.kept()["deliveries"] == 1


SECRETLY: Headers = [(b"X-Vapi-Secret", SECRET.encode())]
HOSTILE = {
    **{name: body for name, body in BODIES.items() if name != "a booking"},
    "an endless number": b'{"message": ' + b"9" * 100_000 + b"}",
    "a number beyond all": b'{"message": 1e999}',
    "a list": b"[]",
    "quotes": b'"\\"' * 100_000,
    "a genuine one, packed": gzip.compress(GENUINE),
    "just within the limit": b" " * (1024 * 1024),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("encoding", [b"identity", b"gzip", b"br", b"x-" + b"\xff" * 8])
def test_a_body_that_is_no_message_is_answered_in_a_sentence(
    door: Door, body: bytes, encoding: bytes
) -> None:
    """Genuine, and nonsense: what it claims of its encoding is not believed."""
    sent = Sent(kind="", headers=[*SECRETLY, (b"Content-Encoding", encoding)], body=body)

    ((_, status, said),) = verdicts(door.port, [sent])

    assert status == 200
    assert said.startswith(b'{"error":"The message is no')
    assert door.kept() == {}


@pytest.mark.parametrize("headers", [[], SECRETLY], ids=["unsigned", "signed"])
def test_a_body_that_is_too_long_is_refused(door: Door, headers: Headers) -> None:
    sent = Sent(kind="", headers=headers, body=b" " * (1024 * 1024 + 1))

    ((_, status, _),) = verdicts(door.port, [sent])

    assert status == 413
    assert door.kept() == {}


@pytest.mark.parametrize(
    "headers",
    [
        [(b"X-Vapi-Secret", b"a\x00b")],
        [(b"X-Vapi-Secret", b"a" * 70_000)],
        [(b"X Vapi Secret", b"a")],
        [(b"Content-Length", b"5")],
        [(b"Content-Length", b"-1")],
        [(b"Transfer-Encoding", b"gzip")],
    ],
    ids=["a NUL", "too long", "no name", "two lengths", "no length", "another transfer"],
)
def test_what_is_no_http_never_gets_as_far(door: Door, headers: Headers) -> None:
    ((_, status, _),) = verdicts(door.port, [Sent(kind="", headers=headers)])

    assert status in {400, 401}
    assert door.kept() == {}


@pytest.mark.parametrize(
    "path", [b"/twilio/status?text=%ff", b"/twilio/inbound?bodySHA256=%ff", b"/webhooks/halaxy/x"]
)
def test_other_doors_turn_the_same_away(door: Door, path: bytes) -> None:
    names = (b"X-Twilio-Signature", b"X-Webhook-Key", b"Authorization")
    sent = [
        replace(
            one, path=path, headers=[(name, dict(one.headers)[b"X-Signature"]) for name in names]
        )
        for one in forgeries(len(PROOFS) * len(BODIES), seed=SEED)
    ]

    found = verdicts(door.port, sent)

    assert found.total() == len(sent)
    assert {status for _, status, _ in found} == {401}
    assert door.kept() == {}
