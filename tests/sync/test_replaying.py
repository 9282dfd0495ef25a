"""What a PMS answered in one run, played to the code as often as anybody likes."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from adapters import pms
from adapters.playing import Recorded
from adapters.storage.people import accounts
from adapters.storage.practices import connection_list
from adapters.storage.runs import recordings
from adapters.storage.upkeep.pruning import prune
from adapters.storage.upkeep.resealing import Resealing
from domain.appointments import Status
from domain.errors import BadInput, FenceLost
from domain.jobs import Job, JobState, Queue
from domain.work import SYNC
from infra.database import dispatch, transaction
from infra.sealing import Keyring, Sealer
from tests.sync.practice import ACCOUNT, KEY, Practice
from tests.sync.replays import fields_changed, opened, read_as, replayed, stored
from tests.sync.test_leaving_out import leave_out

pytestmark = pytest.mark.integration


NEW_KEY = "1e" * 32


def script(clinic: Practice, fault: str, *, times: int) -> None:
    """The next answers to listings of appointments are so."""
    told = {"fault": fault, "path": r"/appointments\?", "times": times}
    clinic.control("faults", {"scripts": [told]})


def opened_of(clinic: Practice, run: Mapping[str, Any]) -> Recorded:
    return opened(clinic.engine, clinic.parts.sealer, run["id"])


def change(clinic: Practice, statement: str, run_id: UUID) -> None:
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        db.execute(text(f"{statement} WHERE run_id = :id"), {"id": run_id})


@contextmanager
def quicker_than(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def parts_of(clinic: Practice) -> int:
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        return int(db.execute(text("SELECT count(*) FROM recorded_parts")).scalar_one())


def test_a_replay_of_the_same_code_makes_the_same_and_asks_nobody(clinic: Practice) -> None:
    run = clinic.sync(record=True)
    asked = clinic.spent_rows()
    before = clinic.versions()

    once = replayed(clinic.engine, clinic.parts.sealer, run["id"])
    again = replayed(clinic.engine, clinic.parts.sealer, run["id"])

    assert once.is_whole and once.compared.is_same
    assert len(once.now.rows) == run["fetched"] > 0
    assert once.now.rows == again.now.rows == once.then.rows
    assert once.now.requests == once.then.requests
    assert (once.now.status, once.unasked) == ("success", 0)
    assert (clinic.spent_rows(), clinic.versions()) == (asked, before)


def test_another_reading_of_the_same_answers_shows_where_it_differs(clinic: Practice) -> None:
    run = clinic.sync(record=True)

    with read_as("gentu", status=Status.CONFIRMED):
        found = replayed(clinic.engine, clinic.parts.sealer, run["id"])

    assert found.is_whole and not found.compared.is_same
    assert fields_changed(found) == {"status"}
    changes = {pair["status"][1] for pair in found.compared.changed.values()}
    assert changes == {"confirmed"}


def test_nothing_is_recorded_unless_somebody_asks(clinic: Practice) -> None:
    run = clinic.sync()

    with pytest.raises(BadInput, match="has no recording"):
        stored(clinic.engine, run["id"])
    assert parts_of(clinic) == 0


def test_records_that_are_known_are_read_all_the_same(clinic: Practice) -> None:
    """A replay has no sheet to know them by, and what reading takes must be in the recording."""
    clinic.sync()
    run = clinic.sync(record=True)

    found = replayed(clinic.engine, clinic.parts.sealer, run["id"])

    assert run["unchanged"] == run["fetched"] == len(found.now.rows) > 0
    assert found.compared.is_same


def test_what_the_practice_said_of_one_that_is_gone_is_played_too(clinic: Practice) -> None:
    """Looked up by its id at the end of the run, because our sheet still had it."""
    clinic.sync()
    gone = next(iter(clinic.truth()))
    clinic.control(f"appointments/{gone}", {"action": "delete"})
    run = clinic.sync(record=True)

    found = replayed(clinic.engine, clinic.parts.sealer, run["id"])

    assert run["removed"] == 1
    assert any(gone in one for one in found.now.requests)
    assert found.compared.is_same and found.unasked == 0


def test_a_vendor_that_fails_in_the_middle_is_played_as_it_failed(clinic: Practice) -> None:
    script(clinic, "500", times=1)
    run = clinic.sync(record=True)

    found = replayed(clinic.engine, clinic.parts.sealer, run["id"])

    assert run["status"] == "success"
    statuses = [one.answer and one.answer.status for one in opened_of(clinic, run).heard]
    assert 500 in statuses
    assert found.compared.is_same and found.unasked == 0


def test_a_run_that_failed_fails_in_its_replay_for_the_same_reason(clinic: Practice) -> None:
    script(clinic, "truncated", times=500)
    run = clinic.sync(record=True)

    found = replayed(clinic.engine, clinic.parts.sealer, run["id"])

    assert run["status"] == found.now.status == "failed"
    assert found.now.message == run["error_message"]
    assert found.compared.is_same


def test_a_crash_on_a_record_is_shown_where_it_is(clinic: Practice) -> None:
    run = clinic.sync(record=True)

    with read_as("gentu", start="no instant"):
        found = replayed(clinic.engine, clinic.parts.sealer, run["id"])

    assert found.now.status == "failed"
    assert " at " in str(found.now.message)
    assert found.compared.ended is not None


def test_a_token_the_vendor_refused_is_refused_in_the_replay(clinic: Practice) -> None:
    clinic.sync()
    clinic.control("expire-tokens", {})
    run = clinic.sync(record=True)

    recorded = opened_of(clinic, run)
    found = replayed(clinic.engine, clinic.parts.sealer, run["id"])

    assert 401 in [one.answer and one.answer.status for one in recorded.heard]
    assert found.compared.is_same and found.unasked == 0


def test_nobody_waits_for_a_limit_in_a_replay(clinic: Practice) -> None:
    script(clinic, "429", times=1)
    run = clinic.sync(record=True)
    recorded = opened_of(clinic, run)
    times = [one.at for one in recorded.heard]

    with quicker_than((max(times) - min(times)).total_seconds()):
        found = replayed(clinic.engine, clinic.parts.sealer, run["id"])

    assert 429 in [one.answer and one.answer.status for one in recorded.heard]
    assert found.compared.is_same


def test_what_was_not_recorded_ends_the_replay_and_is_named(clinic: Practice) -> None:
    run = clinic.sync(record=True)
    asked = clinic.spent_rows()
    described = pms.vendor("gentu")
    assert described.appointments is not None
    elsewhere = replace(described.appointments, path="/tenants/{site}/visits")

    with pms.instead({"gentu": replace(described, appointments=elsewhere)}):
        found = replayed(clinic.engine, clinic.parts.sealer, run["id"])

    assert not found.is_whole
    assert found.missing is not None and "/visits?" in found.missing
    assert clinic.spent_rows() == asked


def test_a_run_larger_than_its_recording_may_be_syncs_all_the_same(clinic: Practice) -> None:
    clinic.parts = replace(clinic.parts, recording_bytes=2_000)
    run = clinic.sync(record=True)

    kept = stored(clinic.engine, run["id"])
    found = replayed(clinic.engine, clinic.parts.sealer, run["id"])

    assert (run["status"], len(clinic.live_rows())) == ("success", run["fetched"])
    assert kept.is_full and 0 < kept.bytes <= 2_000
    assert not found.is_whole


def test_a_dry_run_is_recorded_without_touching_the_sheet(clinic: Practice) -> None:
    run = clinic.sync(record=True, dry_run=True)

    found = replayed(clinic.engine, clinic.parts.sealer, run["id"])

    assert clinic.rows() == []
    assert found.compared.is_same and len(found.now.rows) == run["fetched"] > 0


def test_a_recording_is_forgotten_after_its_days(clinic: Practice) -> None:
    old, new = clinic.sync(record=True), clinic.sync(record=True)
    change(clinic, "UPDATE recordings SET begun_at = now() - interval '8 days'", old["id"])

    gone = prune(clinic.engine)

    assert gone["recordings"] == 1
    assert stored(clinic.engine, new["id"]).run_id == new["id"]
    assert replayed(clinic.engine, clinic.parts.sealer, new["id"]).compared.is_same
    with pytest.raises(BadInput, match="was forgotten"):
        stored(clinic.engine, old["id"])


def test_a_recording_goes_with_its_connection(clinic: Practice) -> None:
    clinic.sync(record=True)

    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        connection_list.remove(db, clinic.connection_id)

    assert parts_of(clinic) == 0


def test_whoever_leaves_something_out_has_all_recordings_forgotten(clinic: Practice) -> None:
    run = clinic.sync(record=True)

    leave_out(clinic, "phone")

    assert parts_of(clinic) == 0
    with pytest.raises(BadInput, match="was forgotten"):
        stored(clinic.engine, run["id"])


def test_of_a_practice_that_leaves_something_out_none_is_made(clinic: Practice) -> None:
    """Asked for before the choice was made, and begun after it."""
    job_id = clinic.put_sync(record=True)
    leave_out(clinic, "phone")

    assert clinic.run(job_id) is JobState.DONE

    assert clinic.run_of(job_id)["status"] == "success"
    assert parts_of(clinic) == 0


def test_another_key_takes_over_what_is_recorded(clinic: Practice) -> None:
    run = clinic.sync(record=True)
    both = Sealer(Keyring.from_hex(NEW_KEY, old=[KEY]))

    list(Resealing(clinic.engine, both).steps())

    found = replayed(clinic.engine, Sealer(Keyring.from_hex(NEW_KEY)), run["id"])
    assert found.compared.is_same and len(found.now.rows) == run["fetched"]


def test_an_attempt_that_wakes_up_late_records_nothing(clinic: Practice) -> None:
    run = clinic.sync(record=True)
    before = parts_of(clinic)
    late = Job(
        id=run["job_id"],
        fence=0,
        kind=SYNC,
        queue=Queue.SYNC,
        account_id=ACCOUNT,
        connection_id=run["pms_connection_id"],
        vendor="gentu",
        args={},
        attempts=1,
        failures=0,
        checkpoint={},
        trace_id=run["trace_id"],
        created_at=run["started_at"],
    )

    with pytest.raises(FenceLost):
        recordings.Tape(engine=clinic.engine, sealer=clinic.parts.sealer, job=late)(
            {"kind": "begun"}
        )

    assert parts_of(clinic) == before


def test_another_account_sees_no_recording(clinic: Practice) -> None:
    run = clinic.sync(record=True)
    with dispatch(clinic.engine) as db:
        accounts.add(db, accounts.Account(id="other", name="Other Practice"))

    with transaction(clinic.engine, account_id="other") as db:
        assert recordings.listed(db) == []
        assert list(recordings.parts(db, clinic.parts.sealer, run["id"], account_id="other")) == []
        assert not recordings.forget(db, run["id"])

    assert stored(clinic.engine, run["id"]).bytes > 0
