"""Who was promised a text that does not come is told by the practice."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from adapters.storage.jobs.ledger import Ledger
from adapters.storage.phone import texts
from adapters.storage.phone.untold import told, untold
from adapters.storage.phone.writes import WriteLedger
from adapters.storage.practices import connections
from domain.connections import State
from domain.errors import NeedsReconnect, SyncError
from domain.jobs import JobState
from domain.texts import TextState
from domain.wishes import Booking, Write
from domain.work import SEND_TEXT
from domain.writes import NewWrite, WriteState
from infra.database import dispatch, transaction
from infra.http import NotSent
from infra.stopping import Stopping
from producers.pages.deliveries import NO_TEXT
from tests.texts.office import ACCOUNT, BODY, CALLER, Office
from tests.texts.test_sending import Away
from workers.execution import Execution, Running, Work
from workers.handlers.send_text import send_text

pytestmark = pytest.mark.integration

ARRIVED = {TextState.SENT, TextState.DELIVERED}


def promised(office: Office) -> UUID:
    """The write of a caller who was told that they get a text, which is due now."""
    ports = office.site.ports
    new = connections.NewConnection(
        account_id=ACCOUNT,
        vendor="sikka",
        site="D1",
        timezone="America/New_York",
        name="D1",
        base_url=None,
        token_url=None,
        secret_ref=None,
        settings={},
        telehealth_only=False,
        state=State.ACTIVE,
    )
    with transaction(ports.database, account_id=ACCOUNT) as db:
        connection_id = connections.add(db, new)
    ledger = WriteLedger(ports.database, ports.sealer, account_id=ACCOUNT, clock=lambda: office.now)
    start = office.now + timedelta(days=2)
    wish = Booking(patient_id="77", start=start, minutes=30, practitioner_id="PR1")
    wanted = NewWrite(
        connection_id=connection_id,
        write=Write(wish=wish),
        key=uuid4().hex,
        asked_by="call",
        trace_id="t",
    )
    kept = ledger.submitting(ledger.begin(wanted))
    assert kept is not None
    ledger.tell(kept, "requested")
    ledger.settle(kept, WriteState.FAILED, reason="the slot was gone")
    with transaction(ports.database, account_id=ACCOUNT) as db:
        texts.put(
            db,
            ports.sealer,
            account_id=ACCOUNT,
            write_id=kept.id,
            recipient=CALLER,
            purpose="outcome",
            body=BODY,
        )
    return kept.id


def carried(office: Office, error: SyncError) -> JobState | None:
    """How the job of the text ends while Twilio says nothing but this."""
    store = office.store
    execution = Execution(
        ledger=Ledger(office.site.ports.database, worker="tests"),
        works={
            SEND_TEXT: Work(
                run=lambda job: send_text(
                    job, texts=store, sender=Away(error), clock=lambda: office.now
                ),
                gave_up=store.gave_up,
            )
        },
        running=Running(),
        stopping=Stopping(),
        clock=lambda: datetime.now(UTC),
        chance=lambda: 0.0,
    )
    with dispatch(office.site.ports.database) as db:
        job_id = db.execute(
            text("SELECT id FROM jobs WHERE kind = :kind"), {"kind": SEND_TEXT}
        ).scalar_one()
    return execution.run(job_id)


def to_be_told(office: Office, *, later: timedelta = timedelta()) -> list[tuple[UUID, str]]:
    with transaction(office.site.ports.database, account_id=ACCOUNT) as db:
        found = untold(db, now=office.now + later, limit=10)
    return [(one.id, one.text_state) for one in found]


def test_a_text_that_twilio_refuses_for_good_is_on_the_practices_list_at_once(
    texting: Office,
) -> None:
    write_id = promised(texting)

    state = carried(texting, NeedsReconnect("Twilio answered 401"))

    assert state is JobState.DEAD
    assert to_be_told(texting) == [(write_id, "failed")]


def test_a_text_that_waits_for_twilio_is_on_the_list_after_half_an_hour(texting: Office) -> None:
    write_id = promised(texting)

    state = carried(texting, NotSent("cannot be reached"))

    assert state is JobState.READY
    assert to_be_told(texting) == []
    assert to_be_told(texting, later=timedelta(minutes=31)) == [(write_id, "due")]


@pytest.mark.parametrize("state", ["sending", "unknown"])
def test_a_text_that_may_have_left_is_on_the_list_after_half_an_hour(
    texting: Office, state: str
) -> None:
    write_id = promised(texting)
    with texting.site.everything() as db:
        db.exec_driver_sql(f"UPDATE pms_writes SET text_state = '{state}'")  # noqa: S608

    assert to_be_told(texting, later=timedelta(minutes=29)) == []
    assert to_be_told(texting, later=timedelta(minutes=31)) == [(write_id, state)]


def test_who_was_told_by_a_person_is_not_listed_when_the_text_fails_later(texting: Office) -> None:
    write_id = promised(texting)
    carried(texting, NotSent("cannot be reached"))
    texting.later(3600)
    with transaction(texting.site.ports.database, account_id=ACCOUNT) as db:
        assert told(db, write_id, now=texting.now)

    texting.later(24 * 3600)
    with texting.site.everything() as db:
        db.exec_driver_sql("UPDATE jobs SET due_at = now() WHERE state = 'ready'")
    ended = carried(texting, NotSent("cannot be reached"))

    assert ended is JobState.DONE
    assert to_be_told(texting) == []


def test_every_text_that_did_not_arrive_has_words_for_the_page() -> None:
    assert {one.value for one in set(TextState) - ARRIVED} | {"none"} == NO_TEXT.keys()
