"""R17: very many connections are due at once, and round follows round: nothing grows or is left.

`SOAK_MINUTES=120` spreads the rounds over two hours, with rests in which little happens.
"""

import subprocess
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from infra.database import transaction
from tests.checks.ground import Ground, Kept, ground
from tests.checks.trials import LASTS, tell, trials
from tests.storage.rig import ACCOUNT

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

CONNECTIONS, ROUNDS = trials(200, 10_000), trials(3, 10)
"""After the first round everything has been used once, and what grows from then on is a leak."""

ROUND_SECONDS = 900

MOST_GROWTH, MOST_MORE_CONNECTED = 0.10, 8
CONNECTED = "SELECT count(*) AS open FROM pg_stat_activity WHERE datname = current_database()"
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
ADD = text(
    """
    INSERT INTO pms_connections (id, account_id, connector, pms_type, display_name, site, timezone,
                                 settings, state, sync_enabled,
                                 sync_frequency_minutes)
    SELECT gen_random_uuid(), :account, 'gentu', 'gentu', 'Practice ' || n, 'site ' || n,
           'Australia/Melbourne', '{}', 'ACTIVE', true, 1440 FROM generate_series(1, :count) AS n
    """
)
DUE = text("UPDATE pms_connections SET next_sync_at = now()")


@pytest.fixture
def soaked() -> Iterator[tuple[Ground, Kept]]:
    with ground() as made:
        made.scheduler()
        hand = made.hand(8)
        made.warm_up(1)
        yield made, hand


def memory(process: Kept) -> int:
    """Its resident memory in kB."""
    asked = ["ps", "-o", "rss=", "-p", str(process.pid)]
    return int(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)  # noqa: S603 - our own command


def round_of_all(soaked: Ground) -> float:
    """All are due at once; answers how long until every sync is done."""
    soaked.run("DELETE FROM jobs WHERE kind = 'sync'")
    with transaction(soaked.engine, account_id=ACCOUNT) as db:
        db.execute(DUE)
    return soaked.wait_for(lambda: syncs_done(soaked) == CONNECTIONS, seconds=ROUND_SECONDS)


def after_a_rest(soaked: Ground, began: float, number: int) -> float:
    """A round of all once its turn has come; the last one begins when the time is over."""
    turn = began + LASTS * number / (ROUNDS - 1)
    soaked.wait_for(lambda: time.monotonic() >= turn, seconds=LASTS + 1)
    return round_of_all(soaked)


def syncs_done(soaked: Ground) -> int:
    query = "SELECT count(*) AS done FROM jobs WHERE kind = 'sync' AND state = 'done'"
    (row,) = soaked.rows(query)
    return int(row.done)


def kept_in_redis(soaked: Ground) -> dict[bytes, bytes]:
    with soaked.redis() as client:
        return {key: client.dump(key) or b"" for key in client.scan_iter(count=1000)}


def test_rounds_of_many_connections_leave_nothing_behind(soaked: tuple[Ground, Kept]) -> None:
    place, hand = soaked
    with transaction(place.engine, account_id=ACCOUNT) as db:
        db.execute(ADD, {"account": ACCOUNT, "count": CONNECTIONS})
    before = set(kept_in_redis(place))
    began = time.monotonic()
    first = round_of_all(place)
    scheduler = place.kept[0]
    held = {one.command[-1]: memory(one) for one in (hand, scheduler)}
    (connected,) = place.rows(CONNECTED)

    took = [after_a_rest(place, began, number) for number in range(1, ROUNDS)]

    grown = {one.command[-1]: memory(one) / held[one.command[-1]] - 1 for one in (hand, scheduler)}
    place.wait_for(lambda: len(kept_in_redis(place)) <= len(before), seconds=60)
    after, dead = kept_in_redis(place), place.states()["dead"]
    (still,) = place.rows(CONNECTED)
    tell("R17", connections=CONNECTIONS, minutes=round((time.monotonic() - began) / 60),
         rounds_s=[round(one, 1) for one in (first, *took)],
         database_connections=f"{connected.open} -> {still.open}",
         rss_kB=held, grown={name: f"{share:.1%}" for name, share in grown.items()},
         redis_keys=f"{len(before)} -> {len(after)}", dead_letters=dead)  # fmt: skip
    assert {one.starts for one in place.kept} == {1}
    assert max(grown.values()) < MOST_GROWTH
    assert still.open <= connected.open + MOST_MORE_CONNECTED
    assert dead == 0
    assert not [one for one in after.values() if any(sign in one for sign in PICKLES)]
