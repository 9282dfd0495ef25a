"""Choosing a side of a conflict does not get in the way of a sync."""

import pytest
from sqlalchemy import event

from infra.sealing import Keyring, Sealer
from tests.storage.desk import VISIT, desk_of, rephoned
from tests.storage.rig import Rig

pytestmark = pytest.mark.integration


def test_settling_locks_the_row_before_its_conflict_as_a_sync_does(rig: Rig) -> None:
    desk = desk_of(rig.engine, Sealer(Keyring.from_hex("0f" * 32)), rig.connect("site"))
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")
    desk.told(rephoned(VISIT, "(03) 9000 0002"))
    (conflict,) = desk.open_conflicts()
    locked: list[str] = []

    @event.listens_for(desk.engine, "before_cursor_execute")
    def note(*args: object) -> None:
        if "FOR UPDATE" in str(args[2]):
            locked.append(str(args[2]))

    desk.settle(conflict["id"], "theirs")

    row, disputed = locked[:2]
    assert "FROM run_sheet_appointments" in row
    assert "FROM run_sheet_conflicts" in disputed
    assert desk.open_conflicts() == []
