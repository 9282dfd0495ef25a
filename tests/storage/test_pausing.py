"""A paused connection is read no more, what was promised is seen through, and it begins anew."""

import pytest

from adapters.storage.practices import connection_list
from domain.work import (
    ANSWER,
    CHECK,
    DESK_CALL,
    LINK_PATIENT,
    PUSH_ENTRY,
    PUSH_RANGE,
    REFETCH,
    RENEW_TOKEN,
    SETTLE,
    SYNC,
)
from infra.database import transaction
from tests.storage.rig import ACCOUNT, Rig

pytestmark = pytest.mark.integration


def test_a_pause_calls_off_what_reads_that_connection_alone(rig: Rig) -> None:
    connection_id, other = rig.connect("site"), rig.connect("other")
    kinds = (SYNC, RENEW_TOKEN)
    waiting = [rig.put(kind, account_id=ACCOUNT, connection_id=connection_id) for kind in kinds]
    elsewhere = rig.put("sync", account_id=ACCOUNT, connection_id=other)
    running = rig.claimed("sync", account_id=ACCOUNT, connection_id=connection_id)

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        connection_list.pause(db, connection_id, reason="The practice moves.")

    assert [rig.state(one) for one in waiting] == ["cancelled", "cancelled"]
    assert (rig.state(elsewhere), rig.state(running.id)) == ("ready", "running")


@pytest.mark.parametrize(
    "kind",
    [SETTLE, ANSWER, DESK_CALL, LINK_PATIENT, REFETCH, PUSH_ENTRY, PUSH_RANGE, CHECK],
)
def test_a_pause_leaves_what_was_promised_to_somebody(rig: Rig, kind: str) -> None:
    connection_id = rig.connect("site")
    job_id = rig.put(kind, account_id=ACCOUNT, connection_id=connection_id)

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        connection_list.pause(db, connection_id)

    assert rig.state(job_id) == "ready"


def test_a_resumed_connection_is_due_at_once(rig: Rig) -> None:
    connection_id = rig.connect("site")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        connection_list.pause(db, connection_id)
        connection_list.resume(db, connection_id)

        (held,) = connection_list.listed(db)

    assert (held["state"], held["sync_enabled"]) == ("ACTIVE", True)
    assert held["next_sync_at"] is not None


@pytest.mark.parametrize("pauses", [1, 2])
def test_who_is_synced_only_when_asked_is_so_again_after_a_pause(rig: Rig, pauses: int) -> None:
    connection_id = rig.connect("site")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        connection_list.configure(db, connection_id, {"sync_enabled": False})
        for _ in range(pauses):
            connection_list.pause(db, connection_id)
        connection_list.resume(db, connection_id)

        (held,) = connection_list.listed(db)

    assert (held["state"], held["sync_enabled"]) == ("ACTIVE", False)
    assert held["next_sync_at"] is None


def test_who_is_synced_only_when_asked_is_so_after_a_failure_is_forgiven(rig: Rig) -> None:
    connection_id = rig.connect("site")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        connection_list.configure(db, connection_id, {"sync_enabled": False, "state": "ERROR"})

        goes_by_itself = connection_list.resume(db, connection_id)

        (held,) = connection_list.listed(db)

    assert (held["state"], held["sync_enabled"], goes_by_itself) == ("ACTIVE", False, False)


@pytest.mark.parametrize("is_by_itself", [True, False])
def test_how_it_is_synced_may_be_chosen_while_it_is_paused(rig: Rig, is_by_itself: bool) -> None:
    connection_id = rig.connect("site")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        connection_list.configure(db, connection_id, {"sync_enabled": not is_by_itself})
        connection_list.pause(db, connection_id)
        connection_list.configure(db, connection_id, {"sync_enabled": is_by_itself})
        connection_list.resume(db, connection_id)

        (held,) = connection_list.listed(db)

    assert held["sync_enabled"] == is_by_itself
