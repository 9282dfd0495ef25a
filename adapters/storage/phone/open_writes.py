"""Writes that nobody has said the end of: listed, and settled by whoever looked in the book."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.id_starts import BETWEEN, bounds
from adapters.storage.jobs.ledger import put
from adapters.storage.phone.writes import WriteLedger
from domain.errors import BadInput
from domain.work import following_job
from domain.writes import CERTAIN_AFTER, OPEN, KeptWrite, WriteState

BY_HAND = {"confirmed": WriteState.CONFIRMED, "failed": WriteState.FAILED}
REASON = "Settled by hand."

# The practice's system is still asked what became of it, by the job that settles it.
_FOLLOWED = """
    (EXISTS (SELECT FROM jobs WHERE state = 'ready' AND dedupe_key = 'settle:' || kept.id)
     OR EXISTS (SELECT FROM jobs WHERE state = 'running' AND exclusive_key = 'settle:' || kept.id))
"""
# What people changed on the sheet is pushed again by its own row.
_LIST = text(
    f"""
    SELECT kept.id, kept.kind, kept.state, kept.confirmation, kept.start_at, kept.submitted_at,
           kept.told, kept.asked_by, own.display_name AS practice, {_FOLLOWED} AS is_followed
    FROM pms_writes AS kept JOIN pms_connections AS own ON own.id = kept.connection_id
    WHERE kept.state IN ('submitted', 'unknown') AND kept.entry_id IS NULL
      AND kept.patient_link_id IS NULL
    ORDER BY is_followed, kept.submitted_at, kept.id LIMIT :limit
    """  # noqa: S608 - our own words
)
_IS_FOLLOWED = text(f"SELECT {_FOLLOWED} FROM pms_writes AS kept WHERE id = :id")  # noqa: S608
_FIND = text(
    f"""
    SELECT id FROM pms_writes
    WHERE id {BETWEEN} AND entry_id IS NULL AND patient_link_id IS NULL LIMIT 2
    """  # noqa: S608 - our own words
)


def listed(db: Db, *, limit: int) -> Sequence[Mapping[str, Any]]:
    """Those that left and have no end: nobody's first, then those that are followed; by age."""
    return [dict(row) for row in db.execute(_LIST, {"limit": limit}).mappings()]


def find(db: Db, wanted: str) -> UUID:
    """The account's write of that id, or of an id that starts so."""
    held = bounds(wanted)
    if held is None:
        raise BadInput(f"'{wanted}' is not the id of a write; see 'pms-sync writes list'.")
    ids = [row.id for row in db.execute(_FIND, held)]
    if not ids:
        raise BadInput(f"There is no write {wanted}; see 'pms-sync writes list'.")
    if len(ids) > 1:
        raise BadInput(f"More than one write's id starts with {wanted}; give more of it.")
    found: UUID = ids[0]
    return found


def settle(
    db: Db,
    ledger: WriteLedger,
    kept: KeptWrite,
    state: WriteState,
    *,
    now: datetime,
    even_followed: bool = False,
) -> KeptWrite:
    """As the PMS's own word would: its hold goes or stays, and whoever waits for a text gets it.

    What is not in the book while it is followed may yet come into it, unless somebody sees to it.
    """
    if kept.submitted_at is not None and now < kept.submitted_at + CERTAIN_AFTER:
        raise BadInput("It left less than a minute ago, and may still be answered; wait a moment.")
    is_early = state is WriteState.FAILED and kept.state in OPEN and not even_followed
    if is_early and db.execute(_IS_FOLLOWED, {"id": kept.id}).scalar_one():
        raise BadInput(
            "The practice's system is still asked what became of it, and may yet carry it out:"
            " wait, or say --never where the practice sees to it that it does not."
        )
    settled = ledger.settle_within(db, kept, state, reason=REASON)
    if settled.state is not state or kept.state is settled.state:
        raise BadInput(f"This write is {settled.state.value} already.")
    put(db, following_job(kept))
    return settled
