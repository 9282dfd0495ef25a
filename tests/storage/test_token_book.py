"""When a token ends is written down, and the next renewal comes in good time before."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from adapters.storage.token_book import AHEAD, SELDOM, TokenBook
from domain.errors import FenceLost
from domain.jobs import Job
from infra.database import transaction
from tests.storage.rig import ACCOUNT, Rig, soon

pytestmark = pytest.mark.integration


def renewal(rig: Rig) -> tuple[Job, UUID]:
    connection = rig.connect("site")
    return rig.claimed(account_id=ACCOUNT, connection_id=connection), connection


def noted(rig: Rig) -> dict[str, Any]:
    query = text("SELECT token_expires_at, next_renewal_at FROM pms_connections")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        return dict(db.execute(query).mappings().one())


def test_the_next_renewal_comes_before_the_end(rig: Rig) -> None:
    job, connection = renewal(rig)
    ends = soon(3600)

    TokenBook(rig.engine).token_until(job, connection, ends)

    assert noted(rig) == {"token_expires_at": ends, "next_renewal_at": ends - AHEAD}


def test_a_short_token_is_not_renewed_without_pause(rig: Rig) -> None:
    job, connection = renewal(rig)

    TokenBook(rig.engine).token_until(job, connection, soon(60))

    assert soon(20) < noted(rig)["next_renewal_at"] < soon(31)


def test_a_credential_without_an_end_is_looked_at_seldom(rig: Rig) -> None:
    job, connection = renewal(rig)

    TokenBook(rig.engine).token_until(job, connection, None)

    row = noted(rig)
    assert row["token_expires_at"] is None
    assert abs(row["next_renewal_at"] - soon(SELDOM.total_seconds())) < timedelta(minutes=1)


def test_a_renewal_taken_over_notes_nothing(rig: Rig) -> None:
    job, connection = renewal(rig)
    before = noted(rig)
    rig.lapse(job.id)
    rig.ledger.claim(job.id)

    with pytest.raises(FenceLost):
        TokenBook(rig.engine).token_until(job, connection, soon(3600))

    assert noted(rig) == before


def test_a_renewal_finds_its_connection(rig: Rig) -> None:
    job, connection = renewal(rig)

    assert TokenBook(rig.engine).connection(job).id == connection
