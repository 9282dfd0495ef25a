"""Twilio's REST interface: one message sent, found again where its answer was lost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlencode
from uuid import UUID

from adapters.rest.answers import decode, dig
from adapters.rest.waits import asked_pause
from domain.desk import OutcomeUnknown
from domain.errors import BrokenContract, NeedsReconnect, Refused, Throttled, Transient
from domain.texts import OptedOut
from infra.http import NotSent

BASE_URL = "https://api.twilio.com"
UNSUBSCRIBED = 21610
"""The recipient has replied STOP (twilio.com/docs/api/errors/21610)."""

PAUSE = timedelta(seconds=10)


class Answer(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Sender(Protocol):
    """One HTTP request, sent once."""

    def send(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Twilio:
    """One account's messages, from its messaging service."""

    sender: Sender
    account_sid: str
    auth_token: str = field(repr=False)
    messaging_service_sid: str
    clock: Callable[[], datetime]
    base_url: str = BASE_URL
    status_url: str | None = None

    def send(self, recipient: str, body: str, *, text_id: UUID | None = None) -> str:
        """The id of the message; `recipient` is E.164. Callbacks of it name `text_id`.

        Raises OptedOut, Refused, NeedsReconnect or Throttled where it was not sent, OutcomeUnknown
        where it may have been.
        """
        form = {
            "To": recipient,
            "MessagingServiceSid": self.messaging_service_sid,
            "Body": body,
            **self._callback(text_id),
        }
        try:
            answer = self._ask("POST", "", form=form)
        except NotSent:
            raise
        except Transient:
            raise OutcomeUnknown("Twilio did not answer; the text may have been sent") from None
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise OutcomeUnknown(f"Twilio answered {answer.status}; the text may have been sent")
        return self._sid(self._judged(answer))

    def find(self, recipient: str, body: str, *, since: datetime) -> str | None:
        """The message with this text to them since then, if it was sent after all."""
        query = urlencode({"To": recipient, "DateSent>": since.date().isoformat(), "PageSize": 50})
        messages = dig(self._judged(self._ask("GET", f"?{query}")), "messages")
        for one in messages if isinstance(messages, list) else []:
            if dig(one, "body") == body and dig(one, "to") == recipient:
                return self._sid(one)
        return None

    def _callback(self, text_id: UUID | None) -> Mapping[str, str]:
        if self.status_url is None:
            return {}
        named = f"?text={text_id}" if text_id else ""
        return {"StatusCallback": f"{self.status_url}{named}"}

    def _ask(self, method: str, query: str, *, form: Mapping[str, str] | None = None) -> Answer:
        path = f"/2010-04-01/Accounts/{self.account_sid}/Messages.json"
        auth = (self.account_sid, self.auth_token)
        return self.sender.send(method, f"{self.base_url}{path}{query}", form=form, auth=auth)

    def _judged(self, answer: Answer) -> Any:
        if answer.status in {HTTPStatus.OK, HTTPStatus.CREATED}:
            return decode(answer.body, named="Twilio")
        told = f"Twilio answered {answer.status}"
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise NeedsReconnect(f"{told}; check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            now = self.clock()
            seconds = asked_pause(answer.headers, now=now)
            wait = timedelta(seconds=seconds) if seconds else PAUSE
            raise Throttled("Twilio's request limit", until=now + wait)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Transient(told)
        code = _code(answer)
        if code == UNSUBSCRIBED:
            raise OptedOut("the recipient wants no texts")
        raise Refused(f"{told} (code {code})" if code else told)

    def _sid(self, message: Any) -> str:
        sid = dig(message, "sid")
        if not isinstance(sid, str) or not sid:
            raise BrokenContract("Twilio's answer names no message")
        return sid


def _code(answer: Answer) -> int | None:
    try:
        code = dig(decode(answer.body, named="Twilio"), "code")
    except BrokenContract:
        return None
    return code if isinstance(code, int) else None
