"""Many rows are read in pieces, so that no transaction stands idle while they are opened."""

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.storage.sheet import reading
from infra.sealing import Keyring, Sealer
from tests.storage.desk import VISIT, desk_of
from tests.storage.rig import Rig
from tests.storage.test_linking import sheet

pytestmark = pytest.mark.integration


def test_rows_read_in_pieces_are_the_same_in_the_same_order(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_of(rig.engine, Sealer(Keyring.from_hex("0f" * 32)), rig.connect("site"))
    later = [
        replace(VISIT, pms_id=f"a-{n}", start=VISIT.start + timedelta(minutes=n), end=VISIT.end)
        for n in (5, 3, 1, 4, 2)
    ]
    desk.told(*later)
    desk.type_in(later[0], patient_phone="03 7010 4321")
    whole = sheet(desk)

    monkeypatch.setattr(reading, "PIECE", 2)
    pieces = sheet(desk)

    assert len(whole) == len(later)
    assert list(pieces.items()) == list(whole.items())
