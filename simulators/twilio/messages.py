"""The messages of one account, and who has asked it for none."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from simulators.chance import chance
from simulators.twilio.account import Account

STATUSES = ("queued", "sending", "sent", "delivered", "undelivered", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    sid: str
    to: str
    body: str
    status: str
    service: str
    callback: str | None
    at: datetime
    error_code: int | None = None


@dataclass
class Messages:
    """Every message that was taken on, oldest first."""

    account: Account
    seed: object = 0
    kept: list[Message] = field(default_factory=list)
    opted_out: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._rng = chance("messages", self.seed)

    def take(self, form: Mapping[str, str]) -> Message:
        with self._lock:
            message = Message(
                sid=f"SM{self._rng.getrandbits(128):032x}",
                to=form["To"],
                body=form["Body"],
                status="queued",
                service=form.get("MessagingServiceSid", ""),
                callback=form.get("StatusCallback"),
                at=datetime.now(UTC),
            )
            self.kept.append(message)
            return message

    def turn(self, sid: str, status: str, error_code: int | None = None) -> Message:
        """It stands so from now on."""
        with self._lock:
            index = next(i for i, one in enumerate(self.kept) if one.sid == sid)
            self.kept[index] = replace(self.kept[index], status=status, error_code=error_code)
            return self.kept[index]

    def found(self, asked: Mapping[str, str]) -> list[Message]:
        """Newest first, to this number and sent on that day or later."""
        since = asked.get("DateSent>", "")
        return [
            one
            for one in reversed(self.kept)
            if asked.get("To", one.to) == one.to and one.at.date().isoformat() >= since
        ][: int(asked.get("PageSize", "50"))]

    def shown(self, message: Message) -> dict[str, Any]:
        stamp = format_datetime(message.at)
        return {
            "sid": message.sid,
            "account_sid": self.account.sid,
            "messaging_service_sid": message.service or None,
            "to": message.to,
            "from": None if message.status == "queued" else self.account.number,
            "body": message.body,
            "status": message.status,
            "direction": "outbound-api",
            "date_created": stamp,
            "date_updated": stamp,
            "date_sent": None if message.status == "queued" else stamp,
            "error_code": message.error_code,
            "error_message": None,
            "num_segments": "1",
        }
