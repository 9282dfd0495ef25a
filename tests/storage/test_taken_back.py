"""What was taken back stays so whatever is left out, and comes back with what the PMS changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.storage.practices import connection_list, connections
from adapters.storage.upkeep import emptied_rows
from adapters.storage.upkeep.emptied_rows import LeftOut
from domain.appointments import Appointment, Status
from domain.connections import State
from domain.minimising import without
from infra.database import transaction
from infra.sealing import Keyring, Sealer
from tests.storage.desk import ADA, START, VISIT, Desk, desk_of, moved, rephoned
from tests.storage.rig import Rig
from tests.storage.test_linking import only
from tests.storage.test_redoing import CHANGED
from tests.storage.test_undoing import phone_of, run, step_back, undo

pytestmark = pytest.mark.integration

NEWS = pytest.mark.parametrize(
    "news",
    [
        moved(VISIT, 30),
        replace(VISIT, end=VISIT.end + timedelta(minutes=15)),
        replace(VISIT, status=Status.ARRIVED),
        replace(VISIT, status_raw="Waiting"),
        replace(VISIT, type_name="New"),
        replace(VISIT, is_telehealth=True),
        replace(VISIT, practitioner_id="dr-2"),
        replace(VISIT, patient=replace(ADA, full_name="Ada Other")),
        replace(VISIT, patient=replace(ADA, email="other@example.com")),
    ],
    ids=["time", "length", "status", "word", "type", "video", "clinician", "name", "email"],
)
BY = pytest.mark.parametrize("is_emptied", [True, False], ids=["emptied", "not yet emptied"])


@pytest.fixture
def desk(rig: Rig) -> Desk:
    desk = desk_of(rig.engine, Sealer(Keyring.from_hex("0f" * 32)), rig.connect("site"))
    someone = desk.connection.clinicians["dr-1"]
    desk.connection = replace(
        desk.connection, clinicians={**desk.connection.clinicians, "dr-2": someone}
    )
    return desk


def leave_out(desk: Desk, what: str | None) -> None:
    with transaction(desk.engine, account_id=desk.account) as db:
        change = {"settings": {"leave_out": what}}
        connection_list.configure(db, desk.connection.id, change)
    desk.connection = replace(desk.connection, settings={"leave_out": what} if what else {})


def empty(desk: Desk) -> None:
    """Rows and their history, in one go."""
    what = LeftOut(
        account_id=desk.account,
        connection_id=desk.connection.id,
        extras=desk.connection.left_out,
        seal=desk.seal,
        clock=lambda: desk.now,
    )
    with transaction(desk.engine, account_id=desk.account) as db:
        assert emptied_rows.step(db, what, {}).onward is None


def told(desk: Desk, visit: Appointment) -> None:
    """The PMS sends it, without what is left out."""
    desk.told(without(visit, desk.connection.left_out))


@NEWS
@BY
def test_what_the_pms_changes_after_the_choice_brings_a_row_back(
    desk: Desk, news: Appointment, *, is_emptied: bool
) -> None:
    undo(desk, run(desk, VISIT))
    leave_out(desk, "phone,notes")
    if is_emptied:
        empty(desk)

    told(desk, news)

    assert not only(desk).removed


@BY
def test_a_row_stays_off_while_only_what_is_left_out_has_changed(
    desk: Desk, *, is_emptied: bool
) -> None:
    undo(desk, run(desk, VISIT))
    leave_out(desk, "phone,notes,type")
    if is_emptied:
        empty(desk)

    told(desk, VISIT)
    told(desk, replace(rephoned(VISIT, "(03) 9000 0009"), notes="other", type_name="New"))

    assert only(desk).removed


def test_a_row_stays_off_when_what_was_left_out_is_told_again(desk: Desk) -> None:
    leave_out(desk, "phone,email,birth_date,notes,type,telehealth_links")
    undo(desk, run(desk, without(VISIT, desk.connection.left_out)))
    leave_out(desk, None)

    told(desk, VISIT)

    assert only(desk).removed
    told(desk, rephoned(VISIT, "(03) 9000 0009"))
    assert not only(desk).removed


@BY
def test_a_change_that_was_taken_back_stays_so_until_there_is_another(
    desk: Desk, *, is_emptied: bool
) -> None:
    run(desk, VISIT)
    undo(desk, run(desk, CHANGED))
    leave_out(desk, "notes")
    if is_emptied:
        empty(desk)

    told(desk, CHANGED)
    assert (phone_of(only(desk)), only(desk).appointment_type) == ("(03) 9000 0001", "Review")
    leave_out(desk, "email")
    told(desk, replace(CHANGED, type_name="Newer"))

    assert (phone_of(only(desk)), only(desk).appointment_type) == ("(03) 9000 0002", "Newer")


def test_a_field_that_was_taken_back_is_compared_with_what_the_pms_had_said(desk: Desk) -> None:
    run(desk, VISIT)
    undo(desk, run(desk, CHANGED))
    leave_out(desk, "notes")

    told(desk, VISIT)

    assert desk.row(VISIT)["undone_fields"] == []


def rezoned(desk: Desk) -> Appointment:
    """The zone was put right: the same time on the practice's clock is another instant."""
    desk.connection = replace(desk.connection, timezone="Pacific/Auckland")
    earlier = timedelta(hours=-2)
    return replace(VISIT, start=START + earlier, end=VISIT.end + earlier)


def as_it_was(desk: Desk) -> Appointment:
    return VISIT


@pytest.mark.parametrize("visit", [rezoned, as_it_was])
def test_a_zone_put_right_along_with_the_choice_is_no_news(
    desk: Desk, visit: Callable[[Desk], Appointment]
) -> None:
    undo(desk, run(desk, VISIT))
    leave_out(desk, "phone")

    told(desk, visit(desk))

    assert only(desk).removed


def test_a_practice_connected_again_that_leaves_out_more_keeps_off_what_was_taken_back(
    desk: Desk,
) -> None:
    undo(desk, run(desk, VISIT))
    again = connections.NewConnection(
        account_id=desk.account,
        vendor="gentu",
        site="site",
        timezone=desk.connection.timezone,
        settings={"leave_out": "email"},
        state=State.ACTIVE,
    )
    with transaction(desk.engine, account_id=desk.account) as db:
        connection_list.remove(db, desk.connection.id)
        assert connections.add(db, again) == desk.connection.id
    desk.connection = replace(desk.connection, settings={"leave_out": "email"})

    told(desk, VISIT)

    assert only(desk).removed


def test_the_last_edit_is_undone_though_a_sync_read_the_emptied_row_since(desk: Desk) -> None:
    run(desk, VISIT)
    desk.type_in(VISIT, notes="Call first.")
    leave_out(desk, "phone")
    empty(desk)
    told(desk, VISIT)

    assert step_back(desk).own_notes is None
