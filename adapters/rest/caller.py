"""Requests to one vendor: signed, paid for, and their failures named for what happens next."""

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import structlog

from adapters.rest.auth import Ask, Auth, Desk, secret
from adapters.rest.budgets import bucket, budgets, in_force, named
from adapters.rest.ports import Answer, Ports
from adapters.rest.questions import question
from adapters.rest.vendor import Fault, Listing, Params, Vendor
from adapters.rest.waits import DEFAULT_PAUSE, allowance, asked_pause, bounded
from domain.checks import AGAIN
from domain.connections import Connection
from domain.credentials import Token, TokenRequest
from domain.desk import OutcomeUnknown
from domain.errors import (
    BadInput,
    BrokenContract,
    NeedsReconnect,
    SyncError,
    Throttled,
    TokenExpired,
    Transient,
    by_status,
)
from domain.limits import Budget
from domain.sources import Spend
from infra.http import NotSent
from infra.tracing import span

_T = TypeVar("_T")

log = structlog.get_logger()

SECOND_LOOK_SECONDS = 1.0
"""How long a token that cannot be renewed is left before it is tried again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A success: what the body says, and the headers.

    One that `is_silent` is empty and has not even a status that says so.
    """

    body: Any = field(repr=False)
    headers: Mapping[str, str]
    is_empty: bool = False
    is_silent: bool = False


@dataclass(slots=True)
class Caller:
    """One connection's line to its vendor. It repeats a request only after renewing its token."""

    vendor: Vendor
    auth: Auth
    connection: Connection
    secrets: Mapping[str, str] = field(repr=False)
    ports: Ports
    # One thread may pay for the page ahead while another drains what was spent.
    _spent: deque[Spend] = field(default_factory=deque, init=False, repr=False)

    @property
    def base_url(self) -> str:
        return (self.connection.base_url or self.vendor.base_url).rstrip("/")

    def url(self, path: str, parts: Mapping[str, str], params: Params) -> str:
        """The address; every `+` of a parameter leaves as %2B, or vendors read a space."""
        query = urlencode(params, doseq=True, quote_via=quote, safe="")
        return f"{self.base_url}{_filled(path, parts)}{'?' if query else ''}{query}"

    def ask(self, listing: Listing[Any], url: str, *, body: Any = None) -> Reply:
        """A listing's address, by GET unless there is a body."""
        keys = {name: secret(self.secrets, key) for name, key in listing.secret_headers.items()}
        return self.signed(
            Ask(
                url=url,
                method="GET" if body is None else "POST",
                json=body,
                name=listing.path,
                buckets=listing.buckets,
                faults=listing.faults,
                headers=keys,
            )
        )

    def signed(self, ask: Ask) -> Reply:
        """Send with a token; one that is refused is renewed once, and the request repeated once."""
        return self._with_newest_secrets(lambda: self._signed(ask))

    def _signed(self, ask: Ask) -> Reply:
        request = self.auth.token(self._desk())
        token = self.ports.tokens.current(request) if request else None
        try:
            return self.send(self._with(token, ask))
        except TokenExpired as refusal:
            if request is not None and token is not None:
                return self._renewed(ask, request, refused=token)
            log.info("vendor.token_refused", reason=str(refusal))
            return self._once_more(self._with(token, ask))

    def _once_more(self, ask: Ask) -> Reply:
        """A vendor that stumbles once must not cost a practice its sign-in."""
        for name in ask.buckets:
            self.ports.throttle.pause(self._bucket(name), seconds=SECOND_LOOK_SECONDS)
        try:
            return self.send(ask)
        except TokenExpired as refusal:
            raise self._sign_in_again(refusal) from None

    def renew(self) -> datetime | None:
        """Renew the token if it ends soon; when the one now kept ends."""
        return self._with_newest_secrets(self._renew)

    def _renew(self) -> datetime | None:
        request = self.auth.token(self._desk())
        if request is None:
            return None
        self.ports.tokens.proactive(request)
        return self.ports.tokens.current(request).expires_at

    def token_key(self) -> str | None:
        """What its token is shared under; None where none is bought."""
        request = self.auth.token(self._desk())
        return request.key if request else None

    def drain_spent(self) -> list[Spend]:
        """What was paid since the last call; each payment is handed out once."""
        drained: list[Spend] = []
        with suppress(IndexError):
            while True:
                drained.append(self._spent.popleft())
        return drained

    def send(self, ask: Ask) -> Reply:
        """Pay for one request and send it as it is."""
        self._pay(ask)
        traced = span(f"{ask.method} {ask.name}", kind="client", pms=self.vendor.name)
        with _in_doubt(ask), traced:
            answer = self._answered(ask)
            self._observe(ask, answer)
            return self._judged(ask, answer)

    def _answered(self, ask: Ask) -> Answer:
        """By the vendor, with a recording looking on; or by a recording in its place."""
        tape = self.ports.tape
        if tape is None or ask.buys:
            return self._sent(ask)
        return tape.answered(question(ask, self.vendor, self.secrets), lambda: self._sent(ask))

    def _sent(self, ask: Ask) -> Answer:
        return self.ports.sender.send(
            ask.method,
            ask.url,
            headers={"accept": "application/json", **self._headers(), **(ask.headers or {})},
            json=ask.json,
            form=ask.form,
            content=ask.content,
            auth=ask.basic,
        )

    def _renewed(self, ask: Ask, request: TokenRequest, *, refused: Token) -> Reply:
        token = self.ports.tokens.renewed(request, refused=refused)
        try:
            return self.send(self._with(token, ask))
        except TokenExpired as refusal:
            raise self._sign_in_again(refusal) from None

    def _with(self, token: Token | None, ask: Ask) -> Ask:
        headers = {**self.auth.headers(self.secrets, token), **(ask.headers or {})}
        return replace(ask, headers=headers)

    def _headers(self) -> Mapping[str, str]:
        own = self.vendor.headers_of(self.connection) if self.vendor.headers_of else {}
        return {**self.vendor.headers, **own}

    def _desk(self) -> Desk:
        return Desk(
            vendor=self.vendor.name,
            base_url=self.base_url,
            token_url=self.connection.token_url,
            secrets=self.secrets,
            clock=self.ports.clock,
            send=lambda ask: self.send(replace(ask, buys=True)).body,
            vault=self.ports.vault,
        )

    def _with_newest_secrets(self, call: Callable[[], _T]) -> _T:
        """Before a person is asked: these may have been replaced since they were read."""
        try:
            return call()
        except NeedsReconnect:
            newest = self.secrets if self.ports.vault is None else self.ports.vault.fresh()
            if dict(newest) == dict(self.secrets):
                raise
            self.secrets = newest
            self.auth = self.vendor.auth_by(newest) or self.auth
            return call()

    def _sign_in_again(self, refusal: TokenExpired) -> NeedsReconnect:
        return NeedsReconnect(f"{refusal}{AGAIN}")

    def _pay(self, ask: Ask) -> None:
        """Spend from every budget at once, before the request leaves, and keep the receipt."""
        wanted = self._budgets(ask.buckets)
        try:
            at = self.ports.throttle.spend(
                wanted, holder=str(self.connection.id), voice=self.ports.voice
            )
        except Throttled as wait:
            log.info("vendor.request_waits", reason=str(wait), until=wait.until.isoformat())
            limit = in_force(wanted, now=self.ports.clock(), until=wait.until)
            told = f"{named(self.vendor, ask.buckets)} ({limit})"
            raise Throttled(told, until=wait.until) from None
        own = self.connection.id
        self._spent.extend(Spend(bucket=one.bucket, at=at, connection_id=own) for one in wanted)

    def _budgets(self, buckets: Sequence[str]) -> list[Budget]:
        return budgets(self.vendor, buckets, self.connection, auth=self.auth, secrets=self.secrets)

    def _bucket(self, name: str) -> str:
        return bucket(self.vendor, name, self.connection, auth=self.auth, secrets=self.secrets)

    def _observe(self, ask: Ask, answer: Answer) -> None:
        if self.vendor.rate_headers is None:
            return
        now = self.ports.clock()
        told = allowance(self.vendor.rate_headers, answer.headers, now=now)
        # When a window ends says nothing as long as nothing says what is left of it.
        if told is not None and (told.limit, told.remaining) != (None, None):
            self.ports.throttle.observe(
                self._bucket(ask.buckets[0]),
                limit=told.limit,
                remaining=told.remaining,
                reset_seconds=told.reset_seconds,
            )

    def _judged(self, ask: Ask, answer: Answer) -> Reply:
        request = f"{self.vendor.title}: {ask.method} {ask.name}"
        is_fine = HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
        body, is_empty = None, self._says_nothing(answer)
        if is_fine and not is_empty:
            body = ask.read(answer.body, named=request)
        fault = self._fault(ask, answer, body)
        if fault is not None:
            raise self._failure(ask, answer, fault)
        is_silent = is_empty and answer.status != HTTPStatus.NO_CONTENT
        return Reply(body, answer.headers, is_empty=is_empty, is_silent=is_silent)

    def _says_nothing(self, answer: Answer) -> bool:
        if answer.status == HTTPStatus.NO_CONTENT:
            return not answer.body
        return self.vendor.may_answer_nothing and not answer.body.strip()

    def _fault(self, ask: Ask, answer: Answer, body: Any) -> Fault | None:
        """What the body says is wrong comes first, then the status by the tables."""
        if self.vendor.read_fault is not None:
            found = self.vendor.read_fault(answer.status, body or _attempted(ask, answer))
            if found is not None:
                return found
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return None
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            return Fault(error=Throttled)
        if answer.status < HTTPStatus.BAD_REQUEST:
            return Fault(error=BrokenContract)
        return Fault(error=by_status(answer.status, {**self.vendor.faults, **(ask.faults or {})}))

    def _failure(self, ask: Ask, answer: Answer, fault: Fault) -> SyncError:
        text = f"{self.vendor.title}: {ask.method} {ask.name} answered {answer.status}"
        if fault.reason is not None:
            text = f"{self.vendor.title}: {fault.reason}"
        now = self.ports.clock()
        told = asked_pause(answer.headers, now=now)
        if told is None and issubclass(fault.error, Throttled) and self.vendor.rate_headers:
            allowed = allowance(self.vendor.rate_headers, answer.headers, now=now)
            told = allowed.reset_seconds if allowed else None
        pause = told if fault.pause is None else bounded(max(fault.pause, told or 0))
        if issubclass(fault.error, Throttled):
            seconds = pause or DEFAULT_PAUSE
            for name in ask.buckets:
                self.ports.throttle.pause(self._bucket(name), seconds=seconds)
            log.info("vendor.throttled", reason=text, seconds=seconds)
            return Throttled(
                named(self.vendor, ask.buckets), until=now + timedelta(seconds=seconds)
            )
        if issubclass(fault.error, Transient):
            return fault.error(text, retry_at=now + timedelta(seconds=pause) if pause else None)
        return fault.error(text)


@contextmanager
def _in_doubt(ask: Ask) -> Iterator[None]:
    """A write without a clear answer may have been done, unless it certainly never left."""
    try:
        yield
    except NotSent:
        raise
    except (Transient, BrokenContract) as trouble:
        if not ask.writes:
            raise
        raise OutcomeUnknown(str(trouble)) from None


def _filled(path: str, parts: Mapping[str, str]) -> str:
    """The path with each {part} as one segment; what would climb out of it is refused."""

    def segment(found: re.Match[str]) -> str:
        value = parts.get(found[1], "")
        if value in {"", ".", ".."}:
            raise BadInput(f"'{found[1]}' of this connection is missing or unusable; set it.")
        return quote(value, safe="")

    return re.sub(r"\{(\w+)\}", segment, path)


def _attempted(ask: Ask, answer: Answer) -> Any:
    """An error's body where it can be read; many cannot."""
    try:
        return ask.read(answer.body, named="")
    except BrokenContract:
        return None
