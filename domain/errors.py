"""Errors named for what happens next; callers look at `action`, never at a status code."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import ClassVar, Literal

Action = Literal["retry", "wait", "renew", "stop", "skip"]


class SyncError(Exception):
    """Something a person or the ledger must know of; its text never holds patient data."""

    action: ClassVar[Action] = "stop"

    @property
    def kind(self) -> str:
        return type(self).__name__


class Transient(SyncError):
    """Try again later; `retry_at` is the earliest instant the vendor asked for, if it did."""

    action = "retry"

    def __init__(self, message: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class Throttled(SyncError):
    """Wait until `until`, then carry on. A wait is not a failure and spends no retry."""

    action = "wait"

    def __init__(self, message: str, *, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class TokenExpired(SyncError):
    """The vendor no longer takes the token: renew once and repeat once."""

    action = "renew"


class NeedsReconnect(SyncError):
    """A person must authorise again; retrying cannot help."""


class Refused(SyncError):
    """The vendor understood and said no; asking again the same way cannot help."""


class Gone(Refused):
    """The vendor no longer has what was asked for (404, 410)."""


class BrokenContract(SyncError):
    """An answer came that is not what the vendor's description promises."""

    action = "retry"


class EndlessListing(BrokenContract):
    """A listing that would not end: no place in it is worth going on from."""


class SaidNothing(BrokenContract):
    """An answer came with nothing in it: that something is gone, or that no more was said."""


class BadRecord(SyncError):
    """One record cannot be read; its page is kept. Names the path, never a value."""

    action = "skip"

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class CalledOff(SyncError):
    """What the job was for is gone: it ends there, and nobody has to look at it."""


class FenceLost(SyncError):
    """Another attempt owns this job now; write nothing more."""


class BadInput(SyncError):
    """What a person gave cannot be used; the text says what to do."""


BY_STATUS: Mapping[int, type[SyncError]] = {
    HTTPStatus.BAD_REQUEST: Refused,
    HTTPStatus.UNAUTHORIZED: TokenExpired,
    HTTPStatus.FORBIDDEN: NeedsReconnect,
    HTTPStatus.NOT_FOUND: Gone,
    HTTPStatus.GONE: Gone,
    HTTPStatus.REQUEST_TIMEOUT: Transient,
    HTTPStatus.CONFLICT: Transient,
}


def by_status(status: int, overrides: Mapping[int, type[SyncError]]) -> type[SyncError]:
    """The error an HTTP status means; a vendor's own table comes first."""
    if status in overrides:
        return overrides[status]
    if status in BY_STATUS:
        return BY_STATUS[status]
    server_side = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return Transient if server_side else Refused
