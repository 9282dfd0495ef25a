"""A slot is held once, a write moves one way, and whatever is repeated is the same write."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from adapters.storage.people.accounts import Account, add
from adapters.storage.phone import holds, unseen
from adapters.storage.phone.writes import WriteLedger
from adapters.storage.upkeep.pruning import prune
from domain.desk import Receipt, Resource
from domain.window import Window
from domain.wishes import Booking, Cancellation, Move, Write
from domain.writes import SHOWN_AFTER, Hold, KeptWrite, NewWrite, SlotTaken, WriteState
from infra.database import dispatch, transaction
from infra.sealing import Keyring, Sealer
from tests.storage.rig import ACCOUNT, Rig

pytestmark = pytest.mark.integration

TEN = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
DOCTOR = Resource(kind="practitioner", pms_id="PR1")
CHAIR = Resource(kind="operatory", pms_id="OP2")
SEALER = Sealer(Keyring.from_hex("9f" * 32))


@pytest.fixture
def connection(rig: Rig) -> UUID:
    return rig.connect("D90001")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(rig: Rig, clock: Clock) -> WriteLedger:
    return WriteLedger(rig.engine, SEALER, account_id=ACCOUNT, clock=clock)


def booking(
    connection: UUID,
    *,
    start: datetime = TEN,
    key: str | None = None,
    call: str | None = None,
    resources: tuple[Resource, ...] = (DOCTOR, CHAIR),
) -> NewWrite:
    wish = Booking(patient_id="77", start=start, minutes=30, practitioner_id="PR1")
    return NewWrite(
        connection_id=connection,
        write=Write(wish=wish),
        key=key or uuid4().hex,
        call_id=call,
        asked_by="call",
        trace_id="t",
        hold=Hold(
            practice="sikka/D90001",
            window=Window(start, start + timedelta(minutes=30)),
            resources=resources,
        ),
    )


def test_a_write_asked_for_again_is_the_same_write(ledger: WriteLedger, connection: UUID) -> None:
    first = ledger.begin(booking(connection, key="call:1"))
    again = ledger.begin(booking(connection, key="call:1"))

    assert (again.id, again.confirmation) == (first.id, first.confirmation)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.write.wish == first.write.wish


def test_a_call_has_one_booking_whatever_is_asked_next(
    ledger: WriteLedger, connection: UUID
) -> None:
    first = ledger.begin(booking(connection, call="c1"))
    later = ledger.begin(booking(connection, call="c1", start=TEN + timedelta(hours=2)))
    other = ledger.begin(booking(connection, call="c2", start=TEN + timedelta(hours=3)))

    assert later.id == first.id
    assert other.id != first.id


@pytest.mark.parametrize(
    ("minutes", "resources", "is_free"),
    [
        (0, (DOCTOR, CHAIR), False),
        (15, (DOCTOR,), False),
        (15, (CHAIR,), False),
        (30, (DOCTOR, CHAIR), True),
        (-30, (DOCTOR, CHAIR), True),
        (0, (Resource(kind="practitioner", pms_id="OP2"),), True),
    ],
    ids=[
        "the same",
        "half over, doctor",
        "half over, chair",
        "right after",
        "before",
        "other kind",
    ],
)
def test_overlapping_slots_of_one_resource_are_not_both_held(
    ledger: WriteLedger,
    connection: UUID,
    minutes: int,
    resources: tuple[Resource, ...],
    *,
    is_free: bool,
) -> None:
    ledger.begin(booking(connection))
    wanted = booking(connection, start=TEN + timedelta(minutes=minutes), resources=resources)

    if is_free:
        assert ledger.begin(wanted).state is WriteState.HELD
    else:
        with pytest.raises(SlotTaken):
            ledger.begin(wanted)


def test_a_refused_slot_leaves_nothing_behind(
    ledger: WriteLedger, connection: UUID, rig: Rig
) -> None:
    ledger.begin(booking(connection, resources=(CHAIR,)))

    with pytest.raises(SlotTaken):
        ledger.begin(booking(connection, key="second"))

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        assert db.execute(text("SELECT count(*) FROM pms_writes")).scalar_one() == 1
        assert db.execute(text("SELECT count(*) FROM slot_holds")).scalar_one() == 1


def test_of_many_at_once_exactly_one_gets_the_slot(ledger: WriteLedger, connection: UUID) -> None:
    def attempt(number: int) -> bool:
        try:
            ledger.begin(booking(connection, key=f"k{number}", call=f"c{number}"))
        except SlotTaken:
            return False
        return True

    with ThreadPoolExecutor(max_workers=10) as threads:
        won = list(threads.map(attempt, range(40)))

    assert won.count(True) == 1


def test_of_many_deliveries_of_one_call_exactly_one_is_new(
    ledger: WriteLedger, connection: UUID
) -> None:
    with ThreadPoolExecutor(max_workers=10) as threads:
        kept = list(threads.map(lambda _: ledger.begin(booking(connection, key="k")), range(20)))

    assert len({one.id for one in kept}) == 1
    assert sum(one.is_new for one in kept) == 1


def test_a_hold_that_ran_out_gives_way_and_its_write_can_no_longer_leave(
    ledger: WriteLedger, connection: UUID, clock: Clock
) -> None:
    slow = ledger.begin(booking(connection))
    clock.now += timedelta(minutes=2)
    quick = ledger.begin(booking(connection, resources=(CHAIR,)))

    with pytest.raises(SlotTaken):
        ledger.submitting(slow)
    assert ledger.load(slow.id).state is WriteState.HELD
    assert ledger.submitting(quick) is not None


def elsewhere(rig: Rig, clock: Clock) -> tuple[WriteLedger, UUID]:
    """The same book, as another account has it."""
    with dispatch(rig.engine) as db:
        add(db, Account(id="other", name="Other"))
    other = WriteLedger(rig.engine, SEALER, account_id="other", clock=clock)
    return other, rig.connect("D90001:1", account_id="other")


def test_another_accounts_hold_that_ran_out_gives_way_and_one_in_force_does_not(
    ledger: WriteLedger, connection: UUID, rig: Rig, clock: Clock
) -> None:
    other, theirs = elsewhere(rig, clock)
    slow = other.begin(booking(theirs))
    with pytest.raises(SlotTaken):
        ledger.begin(booking(connection))

    clock.now += timedelta(minutes=2)

    assert ledger.begin(booking(connection)).state is WriteState.HELD
    with pytest.raises(SlotTaken):
        other.submitting(slow)


def test_another_accounts_hold_of_what_has_left_stays(
    ledger: WriteLedger, connection: UUID, rig: Rig, clock: Clock
) -> None:
    other, theirs = elsewhere(rig, clock)
    other.submitting(other.begin(booking(theirs)))
    clock.now += timedelta(days=1)

    with pytest.raises(SlotTaken):
        ledger.begin(booking(connection))


def test_holds_that_ran_out_are_cleared_away_and_others_are_not(rig: Rig, clock: Clock) -> None:
    other, theirs = elsewhere(rig, clock)
    clock.now = datetime.now(UTC) - timedelta(hours=2)
    other.begin(booking(theirs))
    later = booking(theirs, start=TEN + timedelta(hours=2), resources=(DOCTOR,))
    other.submitting(other.begin(later))

    assert prune(rig.engine)["slot_holds"] == 2
    with transaction(rig.engine, account_id="other") as db:
        assert db.execute(text("SELECT count(*) FROM slot_holds")).scalar_one() == 1


def test_a_hold_of_what_has_left_never_runs_out(
    ledger: WriteLedger, connection: UUID, clock: Clock
) -> None:
    sent = ledger.submitting(ledger.begin(booking(connection)))
    clock.now += timedelta(days=1)

    with pytest.raises(SlotTaken):
        ledger.begin(booking(connection))
    assert sent is not None
    ledger.settle(sent, WriteState.UNKNOWN)
    with pytest.raises(SlotTaken):
        ledger.begin(booking(connection))


@pytest.mark.parametrize("how", [WriteState.FAILED, WriteState.WITHDRAWN])
def test_what_came_to_nothing_frees_its_slot(
    ledger: WriteLedger, connection: UUID, how: WriteState
) -> None:
    kept = ledger.begin(booking(connection))
    ledger.settle(kept, how, reason="no")

    assert ledger.begin(booking(connection)).state is WriteState.HELD


def test_a_confirmed_slot_stays_held_until_a_sync_shows_it(
    ledger: WriteLedger, connection: UUID, rig: Rig, clock: Clock
) -> None:
    sent = ledger.submitting(ledger.begin(booking(connection)))
    assert sent is not None
    ledger.settle(sent, WriteState.CONFIRMED, pms_id="A1")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        window = Window(TEN, TEN + timedelta(hours=1))
        assert len(holds.held(db, connection, window, now=clock.now)) == 2

    show(rig, rig.connect("another"), "A1", at=clock.now + timedelta(seconds=1))
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        assert len(holds.held(db, connection, window, now=clock.now)) == 2

    show(rig, connection, "A1", at=clock.now + timedelta(seconds=1))
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        assert holds.held(db, connection, window, now=clock.now) == []


def test_what_was_read_before_a_write_was_confirmed_is_known_to_be_out_of_date(
    ledger: WriteLedger, connection: UUID, rig: Rig, clock: Clock
) -> None:
    def is_written(since: datetime) -> bool:
        with transaction(rig.engine, account_id=ACCOUNT) as db:
            return unseen.written_since(db, connection, since)

    before = clock.now
    sent = ledger.submitting(ledger.begin(booking(connection)))
    assert sent is not None
    clock.now += timedelta(minutes=1)
    assert not is_written(before)

    ledger.settle(sent, WriteState.CONFIRMED, pms_id="A1")

    assert is_written(before)
    assert not is_written(clock.now + timedelta(seconds=1))


def moving(
    connection: UUID,
    pms_id: str,
    start: datetime,
    *,
    minutes: int = 30,
    resources: tuple[Resource, ...] = (DOCTOR, CHAIR),
) -> NewWrite:
    new = booking(connection, start=start, resources=resources)
    wish = Move(
        appointment_id=pms_id,
        start=start,
        minutes=minutes,
        practitioner_id="PR1",
        operatory_id=next((one.pms_id for one in resources if one.kind == "operatory"), None),
    )
    assert new.hold is not None
    window = Window(start, start + timedelta(minutes=minutes))
    return replace(new, write=Write(wish=wish), hold=replace(new.hold, window=window))


def confirmed(ledger: WriteLedger, new: NewWrite, pms_id: str = "A1") -> KeptWrite:
    left = ledger.submitting(ledger.begin(new))
    assert left is not None
    return ledger.settle(left, WriteState.CONFIRMED, pms_id=pms_id)


def spans(rig: Rig, connection: UUID, clock: Clock) -> set[tuple[str, int, int]]:
    """What is held: of what, from and to how many minutes after ten."""
    window = Window(TEN - timedelta(hours=8), TEN + timedelta(hours=8))
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        found = holds.held(db, connection, window, now=clock.now)
    return {
        (one.resources[0].kind, _after_ten(one.window.start), _after_ten(one.window.end))
        for one in found
    }


def _after_ten(instant: datetime) -> int:
    return int((instant - TEN).total_seconds() // 60)


@pytest.mark.parametrize("shift", [-15, 15], ids=["earlier", "later"])
def test_a_move_is_not_in_the_way_of_the_booking_it_moves_and_leaves_one_hold(
    ledger: WriteLedger, connection: UUID, rig: Rig, clock: Clock, shift: int
) -> None:
    confirmed(ledger, booking(connection))
    start = TEN + timedelta(minutes=shift)

    left = ledger.submitting(ledger.begin(moving(connection, "A1", start)))
    meanwhile = spans(rig, connection, clock)
    assert left is not None
    ledger.settle(left, WriteState.CONFIRMED, pms_id="A1")

    low, high = min(0, shift), max(30, shift + 30)
    assert (min(one[1] for one in meanwhile), max(one[2] for one in meanwhile)) == (low, high)
    held = spans(rig, connection, clock)
    assert (min(one[1] for one in held), max(one[2] for one in held)) == (shift, shift + 30)
    with pytest.raises(SlotTaken):
        ledger.begin(booking(connection, start=start, resources=(CHAIR,)))


def test_a_moved_appointment_stays_held_until_a_sync_shows_it_where_it_is_now(
    ledger: WriteLedger, connection: UUID, rig: Rig, clock: Clock
) -> None:
    confirmed(ledger, booking(connection))
    confirmed(ledger, moving(connection, "A1", TEN + timedelta(hours=1)))

    show(rig, connection, "A1", at=clock.now + timedelta(seconds=1))
    assert {one[1:] for one in spans(rig, connection, clock)} == {(60, 90)}

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        db.execute(text("UPDATE run_sheet_appointments SET pms_start = pms_start + interval '1h'"))
    assert spans(rig, connection, clock) == set()


def test_a_move_that_comes_to_nothing_leaves_the_booking_held_as_it_was(
    ledger: WriteLedger, connection: UUID, rig: Rig, clock: Clock
) -> None:
    confirmed(ledger, booking(connection))
    before = spans(rig, connection, clock)

    left = ledger.submitting(ledger.begin(moving(connection, "A1", TEN + timedelta(minutes=15))))
    assert left is not None
    ledger.settle(left, WriteState.FAILED)

    assert spans(rig, connection, clock) == before


def test_an_appointment_is_moved_again_and_again_before_any_sync(
    ledger: WriteLedger, connection: UUID, rig: Rig, clock: Clock
) -> None:
    confirmed(ledger, booking(connection))
    for shift in (15, 30, 60, 45):
        confirmed(ledger, moving(connection, "A1", TEN + timedelta(minutes=shift)))

    held = spans(rig, connection, clock)

    assert (min(one[1] for one in held), max(one[2] for one in held)) == (45, 75)


def test_who_is_taken_along_stays_held_wherever_an_appointment_is_moved(
    ledger: WriteLedger, connection: UUID, rig: Rig, clock: Clock
) -> None:
    taken = (DOCTOR, Resource(kind="practitioner", pms_id="HYG2"), CHAIR)
    for shift in (0, 15):
        start = TEN + timedelta(minutes=shift)
        confirmed(ledger, moving(connection, "A1", start, resources=taken))

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        window = Window(TEN, TEN + timedelta(minutes=60))
        held = holds.held(db, connection, window, now=clock.now)

    hers = [one.window for one in held if one.resources[0].pms_id == "HYG2"]
    assert {_after_ten(one.start) for one in hers} == {15, 30}
    assert {_after_ten(one.end) for one in hers} == {30, 45}


def test_a_move_into_a_part_of_its_own_time_can_leave(
    ledger: WriteLedger, connection: UUID, rig: Rig, clock: Clock
) -> None:
    confirmed(ledger, booking(connection))
    shorter = moving(connection, "A1", TEN + timedelta(minutes=15), minutes=15)

    confirmed(ledger, shorter)

    assert {one[1:] for one in spans(rig, connection, clock)} == {(15, 30)}


def test_a_move_into_the_time_of_somebody_else_is_refused(
    ledger: WriteLedger, connection: UUID
) -> None:
    confirmed(ledger, booking(connection))
    confirmed(ledger, booking(connection, start=TEN + timedelta(minutes=30)), "A2")

    with pytest.raises(SlotTaken):
        ledger.begin(moving(connection, "A1", TEN + timedelta(minutes=15)))


def test_a_cancelled_booking_frees_its_time_at_once(
    ledger: WriteLedger, connection: UUID, rig: Rig, clock: Clock
) -> None:
    confirmed(ledger, booking(connection))
    wish = Cancellation(appointment_id="A1")

    confirmed(ledger, replace(booking(connection), write=Write(wish=wish), hold=None))

    assert spans(rig, connection, clock) == set()


def test_a_moved_appointment_stays_held_while_a_sync_shows_it_where_it_was(
    ledger: WriteLedger, connection: UUID, rig: Rig, clock: Clock
) -> None:
    confirmed(ledger, booking(connection))
    confirmed(ledger, moving(connection, "A1", TEN + timedelta(minutes=60)))

    show(rig, connection, "A1", at=clock.now + timedelta(seconds=1))

    assert {one[1:] for one in spans(rig, connection, clock)} == {(60, 90)}


SHEET = text(
    """
    INSERT INTO run_sheets (account_id, day) VALUES (:a, :day)
    ON CONFLICT (account_id, day) DO UPDATE SET day = EXCLUDED.day RETURNING id
    """
)


def show(rig: Rig, connection: UUID, pms_id: str, *, at: datetime) -> None:
    """A sync has come upon the appointment, at ten."""
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        sheet = db.execute(SHEET, {"a": ACCOUNT, "day": TEN.date()}).scalar_one()
        values = {"a": ACCOUNT, "sheet": sheet, "c": connection, "p": pms_id, "t": TEN, "at": at}
        db.execute(
            text(
                """
                INSERT INTO run_sheet_appointments
                  (account_id, run_sheet_id, pms_connection_id, pms_appointment_id, source,
                   timezone, appointment_time, appointment_duration_minutes, appointment_status,
                   pms_start, pms_last_synced_at)
                VALUES (:a, :sheet, :c, :p, 'pms', 'UTC', :t, 30, 'booked', :t, :at)
                """
            ),
            values,
        )


def off(connection: UUID, pms_id: str = "A1", *, call: str = "c1") -> NewWrite:
    wish = Cancellation(appointment_id=pms_id, patient_id="77", start=TEN)
    return replace(booking(connection, call=call), write=Write(wish=wish), hold=None)


def test_cancellations_are_told_of_while_they_are_open_and_until_the_book_shows_them(
    ledger: WriteLedger, connection: UUID, clock: Clock
) -> None:
    kept = ledger.begin(off(connection))
    assert ledger.unseen(connection) == []
    left = ledger.submitting(kept)
    assert left is not None
    assert [one.id for one in ledger.unseen(connection)] == [kept.id]
    ledger.settle(left, WriteState.UNKNOWN)
    assert [one.state for one in ledger.unseen(connection)] == [WriteState.UNKNOWN]
    ledger.settle(left, WriteState.CONFIRMED)

    assert [one.state for one in ledger.unseen(connection)] == [WriteState.CONFIRMED]
    clock.now += SHOWN_AFTER
    assert ledger.unseen(connection) == []


def test_a_cancellation_nobody_knows_the_end_of_is_told_of_for_a_day(
    ledger: WriteLedger, connection: UUID, clock: Clock
) -> None:
    assert ledger.submitting(ledger.begin(off(connection))) is not None
    clock.now += timedelta(days=1)

    assert ledger.unseen(connection) == []


@pytest.mark.parametrize("how", [WriteState.FAILED, WriteState.UNKNOWN])
def test_a_booking_is_told_of_while_it_is_open_and_for_a_day(
    ledger: WriteLedger, connection: UUID, clock: Clock, how: WriteState
) -> None:
    kept = sent(ledger, connection)
    assert [one.id for one in ledger.unseen(connection)] == [kept.id]

    ledger.settle(kept, how)

    assert len(ledger.unseen(connection)) == (how is WriteState.UNKNOWN)
    clock.now += timedelta(days=1)
    assert ledger.unseen(connection) == []


def test_a_bookings_last_move_is_known_that_stands_or_may(
    ledger: WriteLedger, connection: UUID, rig: Rig, clock: Clock
) -> None:
    def move(minutes: int) -> KeptWrite:
        clock.now += timedelta(seconds=1)
        left = ledger.submitting(
            ledger.begin(moving(connection, "A1", TEN + timedelta(minutes=minutes)))
        )
        assert left is not None
        return left

    first = confirmed(ledger, booking(connection))
    assert ledger.moved(first) is None

    done = ledger.settle(move(60), WriteState.CONFIRMED, pms_id="A1")
    show(rig, connection, "A1", at=clock.now + timedelta(seconds=1))
    open_one = move(120)

    assert ledger.moved(first) == open_one
    ledger.settle(open_one, WriteState.FAILED)
    assert ledger.moved(first) == done


def test_a_call_whose_booking_was_cancelled_may_book_another_and_only_one(
    ledger: WriteLedger, connection: UUID
) -> None:
    first = confirmed(ledger, booking(connection, call="c1"))
    cancelled = ledger.submitting(ledger.begin(off(connection)))
    assert cancelled is not None
    assert ledger.begin(booking(connection, call="c1")).id == first.id
    ledger.settle(cancelled, WriteState.CONFIRMED)
    assert ledger.booking_of("c1") is None

    with ThreadPoolExecutor(max_workers=8) as threads:
        begun = list(
            threads.map(
                lambda hours: ledger.begin(
                    booking(connection, call="c1", start=TEN + timedelta(hours=hours))
                ),
                range(8),
            )
        )

    assert len({one.id for one in begun}) == 1
    assert begun[0].id != first.id
    again = ledger.booking_of("c1")
    assert again is not None
    assert again.id == begun[0].id


def test_a_booking_asked_for_again_under_its_key_stays_the_same_when_it_was_cancelled(
    ledger: WriteLedger, connection: UUID
) -> None:
    first = confirmed(ledger, booking(connection, call="c1", key="k1"))
    confirmed(ledger, off(connection))

    assert ledger.begin(booking(connection, call="c1", key="k1")).id == first.id


def sent(ledger: WriteLedger, connection: UUID) -> KeptWrite:
    found = ledger.submitting(ledger.begin(booking(connection)))
    assert found is not None
    return found


def test_only_one_of_two_may_send(ledger: WriteLedger, connection: UUID) -> None:
    kept = ledger.begin(booking(connection))

    assert ledger.submitting(kept) is not None
    assert ledger.submitting(kept) is None


def test_what_has_left_cannot_be_withdrawn(ledger: WriteLedger, connection: UUID) -> None:
    left = sent(ledger, connection)

    assert ledger.withdraw(left) is False
    assert ledger.load(left.id).state is WriteState.SUBMITTED


def test_what_was_withdrawn_can_no_longer_leave(ledger: WriteLedger, connection: UUID) -> None:
    kept = ledger.begin(booking(connection))

    assert ledger.withdraw(kept) is True
    assert ledger.submitting(kept) is None


def test_what_is_settled_stays_settled(ledger: WriteLedger, connection: UUID) -> None:
    done = ledger.settle(sent(ledger, connection), WriteState.CONFIRMED, pms_id="A1")
    after = ledger.settle(done, WriteState.FAILED, reason="no")

    assert (after.state, after.pms_id, after.reason) == (WriteState.CONFIRMED, "A1", None)


def test_a_receipt_is_kept_with_the_write(ledger: WriteLedger, connection: UUID) -> None:
    kept = ledger.keep_receipt(sent(ledger, connection), Receipt(number="275495"))

    assert ledger.load(kept.id).receipt == Receipt(number="275495")


def test_the_receipts_of_other_writes_are_known_to_each(
    ledger: WriteLedger, connection: UUID
) -> None:
    wish = Cancellation(appointment_id="A1")
    first, second = (
        ledger.begin(replace(booking(connection), key=key, write=Write(wish=wish), hold=None))
        for key in ("first", "second")
    )
    ledger.keep_receipt(first, Receipt(number="275495"))

    assert ledger.receipts_beside(second) == {"275495"}
    assert ledger.receipts_beside(first) == frozenset()


def test_nothing_of_a_write_rests_in_clear(ledger: WriteLedger, connection: UUID, rig: Rig) -> None:
    wish = Cancellation(appointment_id="A1", patient_id="77", reason="moving to Perth")
    new = replace(booking(connection), write=Write(wish=wish), hold=None)
    ledger.begin(new)

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        row = db.execute(text("SELECT * FROM pms_writes")).mappings().one()

    assert b"Perth" not in row["request"]
    assert not any("Perth" in str(value) for value in row.values() if isinstance(value, str))


def test_another_account_sees_no_write(ledger: WriteLedger, connection: UUID, rig: Rig) -> None:
    ledger.begin(booking(connection))

    with transaction(rig.engine, account_id="somebody else") as db:
        assert db.execute(text("SELECT count(*) FROM pms_writes")).scalar_one() == 0
