"""A visit that was typed in is in no PMS; a caller is not given its time for all that."""

from datetime import datetime, time
from uuid import uuid4

import pytest
from sqlalchemy import text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.own_rows import Entry, place
from adapters.storage.sheet.entries import EntrySeal
from domain.fields import Source
from domain.window import zone
from infra.clock import system_clock
from infra.database import transaction
from tests.voice.line import ACCOUNT, Line
from tests.workers.tools.desk import LEE, ZONE

pytestmark = pytest.mark.integration

COLUMN = text(
    """
    INSERT INTO run_sheet_clinicians (id, account_id, name, overlap_policy)
    VALUES (:id, :account, 'Dr. Mona Lee', :policy)
    """
)
MAPPING = text(
    """
    INSERT INTO pms_clinician_mappings (account_id, pms_connection_id, pms_practitioner_id,
                                        pms_practitioner_name, run_sheet_clinician_id)
    VALUES (:account, :connection, :practitioner, 'Dr. Mona Lee', :id)
    """
)


def type_in(phone: Line, at: str, *, policy: str) -> None:
    clinician = uuid4()
    values = {
        "start": datetime.combine(phone.day, time.fromisoformat(at), zone(ZONE)),
        "patient_name": "Walk-in Example",
        "clinician": clinician,
    }
    entry = Entry(source=Source.MANUAL, timezone=ZONE, values=values)
    who = Access(user="reception")
    hand = Hand(account_id=ACCOUNT, by="reception", at=system_clock(), access=who)
    with transaction(phone.engine, account_id=ACCOUNT) as db:
        about = {"account": ACCOUNT, "id": clinician}
        db.execute(COLUMN, {**about, "policy": policy})
        practice = {"connection": phone.connection_id, "practitioner": LEE.pms_id}
        db.execute(MAPPING, {**about, **practice})
        place(db, EntrySeal(phone.parts.sealer, account_id=ACCOUNT), [entry], hand=hand)


@pytest.mark.parametrize(
    ("policy", "is_given"), [("block", False), ("warn", False), ("allow", True)]
)
def test_a_caller_is_not_given_the_time_of_a_visit_that_was_typed_in(
    phone: Line, policy: str, *, is_given: bool
) -> None:
    type_in(phone, "09:30", policy=policy)

    with phone.worker():
        phone.ask("searchPatients", query="Ann Ames")
        times = phone.ask("check_availability", date=phone.day.isoformat())
        booked = phone.ask(
            "book-appointment", date=phone.day.isoformat(), time="9:30 am", type="cleaning"
        )

    assert "with Dr. Mona Lee" in times
    assert ("is confirmed for" in booked) is is_given
    assert len(phone.desk.book) == is_given
