"""A write: an intent that is kept before anything leaves, and what has become of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.desk import Receipt
from domain.wishes import Write


class WriteState(StrEnum):
    """requested → held → submitted → confirmed | failed | unknown; withdrawn before submitted."""

    REQUESTED = "requested"
    HELD = "held"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"


S = WriteState
NEXT: Mapping[WriteState, frozenset[WriteState]] = {
    S.REQUESTED: frozenset({S.HELD, S.SUBMITTED, S.FAILED, S.WITHDRAWN}),
    S.HELD: frozenset({S.SUBMITTED, S.FAILED, S.WITHDRAWN}),
    S.SUBMITTED: frozenset({S.CONFIRMED, S.FAILED, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.CONFIRMED, S.FAILED}),
    S.CONFIRMED: frozenset(),
    S.FAILED: frozenset(),
    S.WITHDRAWN: frozenset(),
}
SETTLED = frozenset({S.CONFIRMED, S.FAILED, S.WITHDRAWN})
MAY_EXIST = frozenset({S.SUBMITTED, S.CONFIRMED, S.UNKNOWN})
"""States in which the PMS may hold what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWrite:
    """A write as the ledger has it; `confirmation` is our own number, minted when it was kept."""

    id: UUID
    account_id: str
    connection_id: UUID
    state: WriteState
    write: Write = field(repr=False)
    idempotency_key: str
    confirmation: str
    receipt: Receipt | None = None
    pms_id: str | None = None
    reason: str | None = None
    call_id: str | None = None
    told: str | None = None
    submitted_at: datetime | None = None
    polls: int = 0
    created_at: datetime | None = None
