"""What happens next is said by the error, and an HTTP status says which error it is."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import errors
from domain.errors import (
    BadRecord,
    BrokenContract,
    FenceLost,
    Gone,
    NeedsReconnect,
    Refused,
    SyncError,
    Throttled,
    TokenExpired,
    Transient,
    by_status,
)

NOON = datetime(2026, 6, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (Transient("no answer"), "retry"),
        (BrokenContract("no list"), "retry"),
        (Throttled("spent", until=NOON), "wait"),
        (TokenExpired("stale"), "renew"),
        (NeedsReconnect("revoked"), "stop"),
        (Refused("no"), "stop"),
        (FenceLost("taken over"), "stop"),
        (BadRecord("start: not a time", path="start"), "skip"),
    ],
)
def test_an_error_says_what_happens_next(error: SyncError, action: str) -> None:
    assert error.action == action
    assert error.kind == type(error).__name__


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, TokenExpired),
        (403, NeedsReconnect),
        (404, Gone),
        (408, Transient),
        (409, Transient),
        (410, Gone),
        (418, Refused),
        (422, Refused),
        (500, Transient),
        (503, Transient),
        (599, Transient),
    ],
)
def test_a_status_means_one_error(status: int, error: type[SyncError]) -> None:
    assert by_status(status, {}) is error


@given(st.integers(400, 599))
def test_a_vendor_s_own_table_comes_first(status: int) -> None:
    assert by_status(status, {status: BrokenContract}) is BrokenContract


@given(st.integers(400, 599))
def test_every_failing_status_means_some_error(status: int) -> None:
    assert issubclass(by_status(status, {}), SyncError)


def test_what_the_vendor_asked_for_is_kept() -> None:
    assert Transient("busy", retry_at=NOON).retry_at == NOON
    assert Throttled("spent", until=NOON).until == NOON
    assert BadRecord("bad", path="a.b").path == "a.b"


def test_every_error_of_ours_is_caught_as_one() -> None:
    kinds = [each for each in vars(errors).values() if isinstance(each, type)]
    raised = [each for each in kinds if issubclass(each, Exception)]

    assert len(raised) >= 10
    assert all(issubclass(each, SyncError) for each in raised)
