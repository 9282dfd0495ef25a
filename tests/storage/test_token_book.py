"""When a token ends is written down, and the next renewal comes in good time before."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from adapters.storage.practices.token_book import AHEAD, SELDOM, TokenBook
from domain.errors import FenceLost, NeedsReconnect, SyncError
from domain.jobs import Job
from domain.sources import Spend
from infra.database import dispatch, transaction
from tests.storage.rig import ACCOUNT, LONG_AGO, Rig, soon
from workers.handlers.renew_token import renew_token

pytestmark = pytest.mark.integration


def renewal(rig: Rig) -> tuple[Job, UUID]:
    connection = rig.connect("site")
    return rig.claimed(account_id=ACCOUNT, connection_id=connection), connection


def noted(rig: Rig) -> dict[str, Any]:
    query = text("SELECT token_expires_at, next_renewal_at FROM pms_connections")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        return dict(db.execute(query).mappings().one())


SPENT = [Spend(bucket="gentu/tokens/1", at=LONG_AGO)]


@dataclass
class Source:
    """A vendor that takes one request for a token, and may refuse it."""

    ends: datetime
    refusal: SyncError | None = None
    spent: Sequence[Spend] = field(default_factory=list)

    def renew(self) -> datetime:
        self.spent = SPENT
        if self.refusal is not None:
            raise self.refusal
        return self.ends

    def drain_spent(self) -> Sequence[Spend]:
        drained, self.spent = self.spent, []
        return drained


def requests(rig: Rig) -> list[Spend]:
    with dispatch(rig.engine) as db:
        rows = db.execute(text("SELECT bucket, at FROM vendor_requests")).all()
    return [Spend(bucket=row.bucket, at=row.at) for row in rows]


def test_a_renewal_leaves_a_row_for_each_request(rig: Rig) -> None:
    job, _ = renewal(rig)
    ends = soon(3600)

    renew_token(job, book=TokenBook(rig.engine), open_source=lambda _: Source(ends))

    assert noted(rig)["token_expires_at"] == ends
    assert requests(rig) == SPENT


def test_a_refused_renewal_leaves_its_rows_too(rig: Rig) -> None:
    job, _ = renewal(rig)
    source = Source(soon(3600), refusal=NeedsReconnect("sign in again"))

    with pytest.raises(NeedsReconnect):
        renew_token(job, book=TokenBook(rig.engine), open_source=lambda _: source)

    assert noted(rig)["token_expires_at"] is None
    assert requests(rig) == SPENT


def test_the_next_renewal_comes_before_the_end(rig: Rig) -> None:
    job, connection = renewal(rig)
    ends = soon(3600)

    TokenBook(rig.engine).token_until(job, connection, ends, spent=())

    assert noted(rig) == {"token_expires_at": ends, "next_renewal_at": ends - AHEAD}


def test_a_short_token_is_not_renewed_without_pause(rig: Rig) -> None:
    job, connection = renewal(rig)

    TokenBook(rig.engine).token_until(job, connection, soon(60), spent=())

    assert soon(20) < noted(rig)["next_renewal_at"] < soon(31)


def test_a_credential_without_an_end_is_looked_at_seldom(rig: Rig) -> None:
    job, connection = renewal(rig)

    TokenBook(rig.engine).token_until(job, connection, None, spent=())

    row = noted(rig)
    assert row["token_expires_at"] is None
    assert abs(row["next_renewal_at"] - soon(SELDOM.total_seconds())) < timedelta(minutes=1)


def test_a_renewal_taken_over_notes_nothing(rig: Rig) -> None:
    job, connection = renewal(rig)
    before = noted(rig)
    rig.lapse(job.id)
    rig.ledger.claim(job.id)

    with pytest.raises(FenceLost):
        TokenBook(rig.engine).token_until(job, connection, soon(3600), spent=())

    assert noted(rig) == before


def test_a_renewal_finds_its_connection(rig: Rig) -> None:
    job, connection = renewal(rig)

    assert TokenBook(rig.engine).connection(job).id == connection
