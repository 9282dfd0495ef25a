"""A patient is asked for once in a while, rests sealed, and is forgotten at any write."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapters.remembering_desk import RememberingDesk
from adapters.storage.phone.cached import LASTS, PatientCache
from adapters.storage.upkeep.pruning import prune
from domain.appointments import Patient
from domain.desk import OutcomeUnknown, PatientCard, PracticeDesk, Receipt
from domain.wishes import Write
from infra.database import DatabaseAway, transaction
from infra.sealing import Keyring, Sealer
from tests.storage.rig import ACCOUNT, Rig

pytestmark = pytest.mark.integration

SEALER = Sealer(Keyring.from_hex("0f" * 32))
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ADA = PatientCard(
    patient=Patient(pms_id="12345", full_name="Ada Example", date_of_birth="1970-01-01"),
    phones=("+61400000001", "+61400000002"),
    shared=("+61400000002",),
    address={"city": "Exampleton"},
    last_visit=date(2026, 1, 2),
)
ANY_WRITE = cast("Write", SimpleNamespace())


@dataclass
class Book:
    """A practice that counts how often it is asked."""

    cards: Mapping[str, PatientCard] = field(default_factory=lambda: {"12345": ADA})
    asked: list[str] = field(default_factory=list)
    is_lost: bool = False

    def patient(self, pms_id: str) -> PatientCard | None:
        self.asked.append(pms_id)
        return self.cards.get(pms_id)

    def submit(self, write: Write) -> Receipt:
        if self.is_lost:
            raise OutcomeUnknown("no answer came")
        return Receipt(is_final=True)


@dataclass
class Call:
    """What one phone call has: a desk that remembers, over a book that counts."""

    book: Book
    cache: PatientCache

    @property
    def desk(self) -> RememberingDesk:
        return RememberingDesk(cast("PracticeDesk", self.book), self.cache)


@pytest.fixture
def call(rig: Rig) -> Call:
    cache = PatientCache(
        engine=rig.engine,
        sealer=SEALER,
        account_id=ACCOUNT,
        connection_id=rig.connect("site"),
        clock=lambda: NOW,
    )
    return Call(Book(), cache)


def stored(rig: Rig) -> list[Any]:
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        return list(db.exec_driver_sql("SELECT * FROM pms_cached_data"))


def test_a_patient_is_asked_for_once_and_told_the_same(call: Call) -> None:
    first, second = call.desk.patient("12345"), call.desk.patient("12345")

    assert first == second == ADA
    assert call.book.asked == ["12345"]


def test_what_is_kept_is_sealed_and_named_by_its_id_alone(call: Call, rig: Rig) -> None:
    call.desk.patient("12345")

    (row,) = stored(rig)
    assert (row.cache_key, row.cache_type) == ("patient:2:12345", "patient")
    assert row.expires_at - NOW == LASTS
    assert timedelta(minutes=5) <= LASTS <= timedelta(minutes=15)
    assert b"Ada" not in bytes(row.data)


def test_after_its_minutes_the_practice_is_asked_again(call: Call) -> None:
    call.desk.patient("12345")

    call.cache = replace(call.cache, clock=lambda: NOW + LASTS)
    call.desk.patient("12345")

    assert call.book.asked == ["12345", "12345"]


class Stuck:
    """A cache that cannot be reached after its first time."""

    def __init__(self, *, reached: int) -> None:
        self.reached = reached

    def forget(self) -> None:
        self.reached -= 1
        if self.reached < 0:
            raise DatabaseAway("every database connection of this process is in use")


def test_a_cache_that_cannot_forget_hides_nothing_that_came_of_a_write() -> None:
    book = Book()
    desk = RememberingDesk(cast("PracticeDesk", book), cast("PatientCache", Stuck(reached=1)))

    assert desk.submit(ANY_WRITE) == Receipt(is_final=True)
    book.is_lost = True
    desk = RememberingDesk(cast("PracticeDesk", book), cast("PatientCache", Stuck(reached=1)))
    with pytest.raises(OutcomeUnknown):
        desk.submit(ANY_WRITE)


def test_nothing_leaves_while_the_cache_cannot_forget_beforehand() -> None:
    book = Book(is_lost=True)
    desk = RememberingDesk(cast("PracticeDesk", book), cast("PatientCache", Stuck(reached=0)))

    with pytest.raises(DatabaseAway):
        desk.submit(ANY_WRITE)


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_write_forgets_everybody_whatever_becomes_of_it(call: Call, is_lost: bool) -> None:
    call.desk.patient("12345")
    call.book.is_lost = is_lost

    if is_lost:
        with pytest.raises(OutcomeUnknown):
            call.desk.submit(ANY_WRITE)
    else:
        call.desk.submit(ANY_WRITE)
    call.desk.patient("12345")

    assert call.book.asked == ["12345", "12345"]


def test_nobody_is_remembered_as_absent(call: Call) -> None:
    assert call.desk.patient("99") is None
    assert call.desk.patient("99") is None
    assert call.book.asked == ["99", "99"]


def test_a_practice_is_told_of_its_own_patients_only(call: Call, rig: Rig) -> None:
    call.desk.patient("12345")
    other = replace(call.cache, connection_id=rig.connect("another"))
    rig.run("INSERT INTO accounts (id, name) VALUES ('other', 'Other')")
    stranger = replace(call.cache, account_id="other")

    assert other.read("12345") is None
    assert stranger.read("12345") is None


def test_what_was_moved_to_another_practice_is_as_good_as_none(call: Call, rig: Rig) -> None:
    call.desk.patient("12345")
    other = rig.connect("another")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        db.exec_driver_sql("UPDATE pms_cached_data SET pms_integration_id = %s", (other,))

    assert replace(call.cache, connection_id=other).read("12345") is None


def test_what_has_ended_is_cleared_away(call: Call, rig: Rig) -> None:
    ended = replace(call.cache, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    ended.keep(ADA)
    lasting = replace(call.cache, clock=lambda: datetime.now(UTC))
    lasting.keep(replace(ADA, patient=replace(ADA.patient, pms_id="6")))

    prune(rig.engine)

    assert [row.cache_key for row in stored(rig)] == ["patient:2:6"]
