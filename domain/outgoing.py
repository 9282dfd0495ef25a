"""Webhooks that we send: what is said, how it is signed, how long one who is away is tried.

As Standard Webhooks has it: https://github.com/standard-webhooks/standard-webhooks (2025-01).
"""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

CHANGED, TEST = "run_sheet.changed", "test"
UNWRITTEN = "unwritten"
"""Of changes whose message could not be put together yet."""

PREFIX = "whsec_"
SECRET_BYTES = 32
MOST_IDS = 100
BOTH_VALID_FOR = timedelta(hours=24)
"""After a rotation each message is signed with the secret before, too."""

GIVE_UP_AFTER = timedelta(days=5)
PAUSES = tuple(timedelta(seconds=one) for one in (5, 60, 300, 1800, 7200, 18_000, 36_000, 43_200))


class EndpointState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


class MessageState(StrEnum):
    DUE = "due"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something to be told, to which address, under which secrets' reference."""

    id: UUID
    account_id: str
    endpoint_id: UUID
    url: str = field(repr=False)
    secret_ref: str
    kind: str
    content: Mapping[str, Any]
    attempts: int
    created_at: datetime
    is_once: bool = False
    """A test, or what was taken before: tried once, and no reason to think the endpoint fails."""

    @property
    def webhook_id(self) -> str:
        return f"msg_{self.id.hex}"

    def body(self) -> bytes:
        told = {"type": self.kind, "timestamp": _utc(self.created_at), "data": dict(self.content)}
        return json.dumps(told, separators=(",", ":"), sort_keys=True).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How an endpoint answered; `pause` is how long it asks to be left alone."""

    status: int
    pause: timedelta | None = None


def signed(message: Message, secrets: Sequence[str], *, at: datetime) -> Mapping[str, str]:
    """The headers that prove who sends it and when; a signature for each secret that is valid."""
    stamp = str(int(at.timestamp()))
    content = f"{message.webhook_id}.{stamp}.".encode() + message.body()
    signatures = (
        b64encode(hmac.digest(b64decode(one.removeprefix(PREFIX)), content, "sha256")).decode()
        for one in secrets
    )
    return {
        "webhook-id": message.webhook_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }


def secret_of(random: bytes) -> str:
    return PREFIX + b64encode(random).decode()


def pause_after(attempts: int, *, asked: timedelta | None = None) -> timedelta:
    """How long to wait after so many attempts that failed; longer where that was asked for."""
    own = PAUSES[min(max(attempts, 1), len(PAUSES)) - 1]
    return max(own, min(asked or own, PAUSES[-1]))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
