"""Tells an account's own program that the sheet has changed; what fails is told again later."""

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol

from domain.errors import Refused, SyncError, Throttled
from domain.jobs import Job
from domain.outgoing import Message

MOST = 20
"""Messages in one go; what is left is found by the next tick."""


class Tellings(Protocol):
    def next(self, job: Job) -> Message | None: ...
    def delivered(self, message: Message, *, status: int) -> None: ...
    def failed(
        self, message: Message, *, status: int | None, reason: str, for_good: bool
    ) -> datetime | None: ...


Post = Callable[[Message], int]
"""Sends it, signed; answers the status."""


def tell_endpoint(job: Job, *, tellings: Tellings, post: Post) -> Mapping[str, Any]:
    """A wait is not a failure: the job lives as long as its endpoint is tried."""
    told = 0
    while told < MOST and (message := tellings.next(job)) is not None:
        status, reason = _posted(message, post)
        if reason is None and status is not None:
            tellings.delivered(message, status=status)
            told += 1
            continue
        gone = status == HTTPStatus.GONE
        again = tellings.failed(message, status=status, reason=reason or "", for_good=gone)
        if again is None:
            return {"told": told, "stopped": True}
        raise Throttled("the endpoint to take what it is told", until=again)
    return {"told": told}


def _posted(message: Message, post: Post) -> tuple[int | None, str | None]:
    """The status, if there was one, and why it does not count as told."""
    try:
        status = post(message)
    except Refused as no:
        return None, f"It may not be reached from here: {no}"
    except SyncError as problem:
        return None, str(problem)
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return status, None
    return status, f"It answered {status}."
