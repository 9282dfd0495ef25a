"""Tells an account's own program that the sheet has changed; what fails is told again later."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Protocol

from domain.errors import FenceLost, Refused, SyncError, Throttled
from domain.jobs import Job
from domain.outgoing import Message, Reply

MOST = 10
"""Messages in one go, also of a slow endpoint within what a job may take; the rest is found."""


class Tellings(Protocol):
    def next(self, job: Job) -> Message | None: ...
    def delivered(self, job: Job, message: Message, *, status: int) -> None: ...
    def failed(
        self,
        job: Job,
        message: Message,
        *,
        status: int | None,
        reason: str,
        for_good: bool,
        pause: timedelta | None,
    ) -> datetime | None: ...


Post = Callable[[Message], Reply]
"""Sends it, signed; answers how it was taken."""


def tell_endpoint(job: Job, *, tellings: Tellings, post: Post) -> Mapping[str, Any]:
    """A wait is not a failure: the job lives as long as its endpoint is tried."""
    told = 0
    while told < MOST and (message := tellings.next(job)) is not None:
        reply, reason = _posted(message, post)
        if reply is not None and reason is None:
            tellings.delivered(job, message, status=reply.status)
            told += 1
            continue
        again = tellings.failed(
            job,
            message,
            status=None if reply is None else reply.status,
            reason=reason or "",
            for_good=reply is not None and reply.status == HTTPStatus.GONE,
            pause=None if reply is None else reply.pause,
        )
        if again is None:
            return {"told": told, "stopped": True}
        raise Throttled("the endpoint to take what it is told", until=again)
    return {"told": told}


def _posted(message: Message, post: Post) -> tuple[Reply | None, str | None]:
    """The answer, if there was one, and why it does not count as told."""
    try:
        reply = post(message)
    except FenceLost:
        raise
    except Refused as no:
        return None, f"It may not be reached from here: {no}"
    except SyncError as problem:
        return None, str(problem)
    if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return reply, None
    return reply, f"It answered {reply.status}."
