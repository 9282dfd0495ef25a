"""R9: of three schedulers one after another is killed, and each thing due is put once, in time."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from sqlalchemy import text

from adapters.storage.jobs.ledger import Ledger
from infra.database import transaction
from tests.checks.ground import Ground, ground
from tests.checks.trials import tell, trials
from tests.storage.rig import ACCOUNT, Rig

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

SCHEDULERS = 3
SECONDS, KILLS = trials(12, 60), trials(2, 5)
LONGEST_GAP = 2.0
DUE = text(
    "UPDATE pms_connections SET sync_frequency_minutes = 60,"
    " next_sync_at = date_trunc('second', now()) + make_interval(secs => :wait) WHERE id = :id"
)


@pytest.fixture
def ticking() -> Iterator[Ground]:
    """Practices that are not due yet, and schedulers that are at it."""
    with ground() as made:
        rig = Rig(made.engine, Ledger(made.engine, worker="tests"))
        for number in range(SECONDS):
            rig.connect(f"site {number}")
        with transaction(made.engine, account_id=ACCOUNT) as db:
            db.execute(text("UPDATE pms_connections SET next_sync_at = NULL"))
        for _ in range(SCHEDULERS):
            made.scheduler()
        made.wait_for(lambda: made.logs().count("scheduler.started") == SCHEDULERS, seconds=60)
        yield made


def test_three_schedulers_of_which_five_die_put_each_second_s_sync_once(ticking: Ground) -> None:
    """One practice is due each second: who dies in that second leaves it to the others."""
    with transaction(ticking.engine, account_id=ACCOUNT) as db:
        ids = list(db.execute(text("SELECT id FROM pms_connections")).scalars())
        db.execute(DUE, [{"id": one, "wait": 3 + number} for number, one in enumerate(ids)])
    every = SECONDS / (KILLS + 1)

    for number in range(KILLS):
        due = (number + 1) * every
        ticking.wait_for(lambda due=due: put_by_now(ticking) >= due, seconds=SECONDS + 30)  # type: ignore[misc]
        ticking.kept[number % SCHEDULERS].kill()
    ticking.wait_for(lambda: put_by_now(ticking) >= SECONDS, seconds=SECONDS + 30)

    rows = ticking.rows(
        "SELECT connection_id, extract(epoch FROM created_at)::float8 AS at"
        " FROM jobs WHERE kind = 'sync' ORDER BY created_at"
    )
    fired = Counter(row.connection_id for row in rows)
    gaps = [later.at - earlier.at for earlier, later in pairwise(rows)]
    tell("R9", seconds=SECONDS, kills=KILLS, duplicates=fired.total() - len(fired),
         missed=SECONDS - len(fired), longest_gap_s=f"{max(gaps):.2f}")  # fmt: skip
    assert fired == Counter(ids)
    assert max(gaps) <= LONGEST_GAP


def put_by_now(ticking: Ground) -> int:
    (row,) = ticking.rows("SELECT count(*) AS put FROM jobs WHERE kind = 'sync'")
    return int(row.put)
