"""A recorded run, opened and played, for tests that say what comes of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from adapters import pms
from adapters.playing import Recorded
from adapters.rest.record import Record
from adapters.storage.runs import recordings, runs
from domain.appointments import Appointment
from domain.connections import Connection
from infra.database import transaction
from infra.sealing import Sealer
from workers.replaying import Replayed, replay

ACCOUNT = "default"


def opened(engine: Engine, sealer: Sealer, run_id: UUID, *, account_id: str = ACCOUNT) -> Recorded:
    with transaction(engine, account_id=account_id) as db:
        kept = recordings.find(db, run_id)
        parts = recordings.parts(db, sealer, run_id, account_id=account_id)
        return Recorded.of(kept.begun_at, parts)


def replayed(
    engine: Engine, sealer: Sealer, run_id: UUID, *, account_id: str = ACCOUNT
) -> Replayed:
    recorded = opened(engine, sealer, run_id, account_id=account_id)
    is_cut = stored(engine, run_id).is_full
    with transaction(engine, account_id=account_id) as db:
        logged = runs.read(db, run_id)
    return replay(recorded, logged, fingerprint=sealer.fingerprint, is_cut=is_cut)


def stored(engine: Engine, run_id: UUID) -> recordings.Recording:
    with transaction(engine, account_id=ACCOUNT) as db:
        return recordings.find(db, run_id)


@contextmanager
def read_as(vendor: str, **changed: Any) -> Iterator[None]:
    """Every appointment of that PMS is read with these in place of what is told."""
    described = pms.vendor(vendor)
    assert described.appointments is not None
    parse = described.appointments.parse

    def other(record: Record, connection: Connection) -> Iterator[Appointment]:
        for one in parse(record, connection):
            yield replace(one, **changed)

    listing = replace(described.appointments, parse=other)
    with pms.instead({vendor: replace(described, appointments=listing)}):
        yield


def fields_changed(found: Replayed) -> set[str]:
    changed: Mapping[str, Mapping[str, Any]] = found.compared.changed
    return {name for fields in changed.values() for name in fields}
