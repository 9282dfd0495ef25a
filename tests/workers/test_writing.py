"""A write leaves once, is followed to its end, and in doubt is read back and never sent again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from adapters.storage.phone.writes import WriteLedger
from domain.desk import Busy, Outcome, OutcomeUnknown, Receipt, Resource, Verdict
from domain.errors import NeedsReconnect, Refused, SyncError, Throttled, Transient
from domain.pushes import ChangedThere
from domain.window import Window
from domain.wishes import Booking, Write
from domain.writes import Hold, KeptWrite, NewWrite, SlotTaken, WriteState
from infra.sealing import Keyring, Sealer
from tests.storage.rig import ACCOUNT, Rig, rig_on
from workers.writing import Writing

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TEN = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
DOCTOR = Resource(kind="practitioner", pms_id="PR1")
PENDING = Outcome(verdict=Verdict.PENDING)
DONE = Outcome(verdict=Verdict.DONE, pms_id="A1")
FAILED = Outcome(verdict=Verdict.FAILED, reason="The practice's system said no.")
UNKNOWN = Outcome(verdict=Verdict.UNKNOWN)


@dataclass
class Time:
    """A clock that moves when somebody waits."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Desk:
    """A PMS that answers as told, and counts what reached it."""

    answer: Receipt | SyncError | Exception = field(default_factory=lambda: Receipt(number="7"))
    outcomes: list[Outcome | SyncError] = field(default_factory=list)
    read_back: Outcome = UNKNOWN
    taken: Sequence[Busy] = ()
    sent: list[Write] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None
    looked_for: Write | None = None

    def submit(self, write: Write) -> Receipt:
        self.sent.append(write)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def outcome(self, write: Write, receipt: Receipt) -> Outcome:
        said = self.outcomes.pop(0) if self.outcomes else PENDING
        if isinstance(said, Exception):
            raise said
        return said

    def find(self, write: Write) -> Outcome:
        self.looked_for = write
        return self.read_back

    def busy(self, window: Window) -> Sequence[Busy]:
        """What happens `meanwhile` happens once, while somebody looks."""
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        return self.taken


@dataclass
class Practice:
    ledger: WriteLedger
    connection: UUID
    time: Time
    desk: Desk = field(default_factory=Desk)
    may_wait: bool = False

    @property
    def writing(self) -> Writing:
        return Writing(
            self.ledger,
            self.desk,
            clock=self.time,
            pause=self.time.pause,
            may_wait=self.may_wait,
        )

    def book(
        self, *, key: str | None = None, call_id: str | None = None, seconds: float = 12
    ) -> KeptWrite:
        new = self.wanted(key=key, call_id=call_id)
        return self.writing.do(new, until=self.time() + timedelta(seconds=seconds))

    def wanted(self, *, key: str | None = None, call_id: str | None = None) -> NewWrite:
        wish = Booking(patient_id="77", start=TEN, minutes=30, practitioner_id="PR1")
        window = Window(TEN, TEN + timedelta(minutes=30))
        return NewWrite(
            connection_id=self.connection,
            write=Write(wish=wish),
            key=key or uuid4().hex,
            asked_by="call",
            trace_id="t",
            call_id=call_id,
            hold=Hold(practice="sikka/D1", window=window, resources=(DOCTOR,)),
        )


@pytest.fixture
def rig(database_url: str) -> Iterator[Rig]:
    with rig_on(database_url) as made:
        yield made


@pytest.fixture
def practice(rig: Rig) -> Practice:
    time = Time()
    sealer = Sealer(Keyring.from_hex("9f" * 32))
    ledger = WriteLedger(rig.engine, sealer, account_id=ACCOUNT, clock=time)
    return Practice(ledger, rig.connect("D1"), time)


def test_a_booking_is_confirmed_once_the_pms_says_so(practice: Practice) -> None:
    practice.desk.outcomes = [PENDING, PENDING, DONE]

    booked = practice.book()

    assert (booked.state, booked.pms_id) == (WriteState.CONFIRMED, "A1")
    assert len(practice.desk.sent) == 1
    assert practice.desk.sent[0].marker == booked.confirmation


def test_a_pms_that_books_at_once_is_not_asked_again(practice: Practice) -> None:
    practice.desk.answer = Receipt(is_final=True, pms_id="A9")

    assert practice.book().pms_id == "A9"


def test_when_time_is_up_it_is_still_under_way(practice: Practice) -> None:
    booked = practice.book(seconds=12)

    assert booked.state is WriteState.SUBMITTED
    assert practice.time() <= NOW + timedelta(seconds=12)


@pytest.mark.parametrize(
    "answer",
    [Refused("no"), NeedsReconnect("no"), Throttled("no", until=TEN), Transient("no line")],
    ids=["refused", "signed out", "no budget", "not sent"],
)
def test_what_surely_was_not_done_has_failed_and_may_be_tried_by_another(
    practice: Practice, answer: SyncError
) -> None:
    practice.desk.answer = answer
    assert practice.book().state is WriteState.FAILED

    practice.desk.answer = Receipt(is_final=True, pms_id="A1")
    assert practice.book().state is WriteState.CONFIRMED


def test_a_lost_answer_is_read_back_and_never_sent_again(practice: Practice) -> None:
    practice.desk.answer = OutcomeUnknown("the answer was lost")
    doubtful = practice.book(key="k")
    assert doubtful.state is WriteState.UNKNOWN

    practice.desk.read_back = DONE
    settled = practice.writing.look(practice.book(key="k"))

    assert settled.state is WriteState.CONFIRMED
    assert len(practice.desk.sent) == 1


def test_a_bug_in_mid_flight_leaves_the_write_in_doubt(practice: Practice) -> None:
    practice.desk.answer = RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        practice.book(key="k")

    assert practice.book(key="k").state is WriteState.UNKNOWN
    assert len(practice.desk.sent) == 1


def test_a_write_that_is_not_found_yet_may_still_arrive(practice: Practice) -> None:
    practice.desk.answer = OutcomeUnknown("lost")
    practice.desk.read_back = FAILED
    doubtful = practice.book()

    practice.time.pause(30)
    assert practice.writing.look(doubtful).state is WriteState.UNKNOWN
    practice.time.pause(60)
    assert practice.writing.look(doubtful).state is WriteState.FAILED


def test_a_worker_that_died_after_the_mark_leaves_it_to_be_read_back(practice: Practice) -> None:
    class Killed(BaseException):
        pass

    class Dying(Desk):
        def submit(self, write: Write) -> Receipt:
            self.sent.append(write)
            raise Killed

    practice.desk = Dying()
    with pytest.raises(Killed):
        practice.book(key="k")

    practice.desk.read_back = DONE
    again = practice.writing.look(practice.book(key="k"))

    assert again.state is WriteState.CONFIRMED
    assert len(practice.desk.sent) == 1


def test_what_is_read_back_is_none_of_those_that_have_a_receipt(practice: Practice) -> None:
    practice.writing.do(replace(practice.wanted(), hold=None), until=NOW)
    practice.desk.answer = OutcomeUnknown("the line broke")
    lost = practice.writing.do(replace(practice.wanted(), hold=None), until=NOW)

    practice.writing.look(lost)

    assert practice.desk.looked_for is not None
    assert practice.desk.looked_for.others == {"7"}


def test_an_outage_while_following_changes_nothing(practice: Practice) -> None:
    practice.desk.outcomes = [Transient("away"), Throttled("wait", until=TEN), DONE]

    assert practice.book().state is WriteState.CONFIRMED


def test_a_time_the_practice_gave_away_itself_is_not_asked_for(practice: Practice) -> None:
    window = Window(TEN + timedelta(minutes=15), TEN + timedelta(minutes=45))
    practice.desk.taken = [Busy(window=window, resources=(DOCTOR,))]

    with pytest.raises(SlotTaken):
        practice.book()

    assert practice.desk.sent == []
    practice.desk.taken = []
    assert practice.book().state is WriteState.SUBMITTED


def test_a_second_booking_of_a_call_does_not_send_the_first_before_it_has_looked(
    practice: Practice,
) -> None:
    practice.desk.taken = [Busy(window=Window(TEN, TEN + timedelta(hours=1)), resources=(DOCTOR,))]
    second: list[KeptWrite] = []
    practice.desk.meanwhile = lambda: second.append(practice.book(key="b", call_id="c"))

    with pytest.raises(SlotTaken):
        practice.book(key="a", call_id="c")

    assert [one.key for one in second] == ["a"]
    assert practice.desk.sent == []


def test_what_left_while_one_looked_is_not_told_as_taken(practice: Practice) -> None:
    """A worker fell silent in its look; another took over, and what it booked is seen here."""
    practice.desk.answer = Receipt(is_final=True, pms_id="A1")
    theirs = Busy(window=Window(TEN, TEN + timedelta(minutes=30)), resources=(DOCTOR,))

    def take_over() -> None:
        practice.book(key="a")
        practice.desk.taken = [theirs]

    practice.desk.meanwhile = take_over

    booked = practice.book(key="a")

    assert booked.state is WriteState.CONFIRMED
    assert len(practice.desk.sent) == 1


def test_whoever_takes_a_write_over_looks_before_it_is_sent(practice: Practice) -> None:
    """One died before it had looked; what is delivered again tells of no hold."""
    practice.desk.taken = [Busy(window=Window(TEN, TEN + timedelta(hours=1)), resources=(DOCTOR,))]
    practice.ledger.begin(practice.wanted(key="a"))
    again = replace(practice.wanted(key="a"), hold=None)

    with pytest.raises(SlotTaken):
        practice.writing.do(again, until=practice.time() + timedelta(seconds=12))

    assert practice.desk.sent == []


def test_another_doctors_appointment_is_not_in_the_way(practice: Practice) -> None:
    other = Resource(kind="practitioner", pms_id="PR2")
    practice.desk.taken = [Busy(window=Window(TEN, TEN + timedelta(hours=1)), resources=(other,))]

    assert practice.book().state is WriteState.SUBMITTED


def test_a_look_that_fails_before_booking_leaves_the_slot_free(practice: Practice) -> None:
    class Away(Desk):
        def busy(self, window: Window) -> Sequence[Busy]:
            raise Transient("away")

    practice.desk = Away()
    with pytest.raises(Transient):
        practice.book()

    practice.desk = Desk()
    assert practice.book().state is WriteState.SUBMITTED


LATER = (Throttled("its limit", until=TEN), Transient("no line"), NeedsReconnect("locked"))
ENDED = {Refused("taken"): WriteState.FAILED, ChangedThere("changed"): WriteState.WITHDRAWN}


@pytest.mark.parametrize(
    ("trouble", "state"),
    [*((one, WriteState.REQUESTED) for one in LATER), *ENDED.items()],
    ids=lambda one: getattr(one, "kind", None),
)
def test_what_nobody_waits_for_on_the_phone_leaves_later_if_it_can(
    practice: Practice, trouble: SyncError, state: WriteState
) -> None:
    practice.desk.answer = trouble
    practice.may_wait = True
    with pytest.raises(type(trouble)):
        practice.book(key="k")

    kept = practice.ledger.by_key("k")

    assert kept is not None
    assert kept.state is state


def test_what_had_to_wait_leaves_as_the_same_write(practice: Practice) -> None:
    practice.may_wait = True
    practice.desk.answer = Throttled("its limit", until=TEN)
    with pytest.raises(Throttled):
        practice.book(key="k")

    practice.desk.answer = Receipt(is_final=True, pms_id="A9")
    kept = practice.book(key="k")

    assert (kept.state, kept.pms_id) == (WriteState.CONFIRMED, "A9")
