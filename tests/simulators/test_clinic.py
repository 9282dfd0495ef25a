from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from simulators import clinic
from simulators.clinic import Clinic
from simulators.days import instant, read_days, slots
from simulators.life import live
from simulators.records import Appointment, Meaning, Stated
from simulators.truth import known_end, truth

DAY = date(2026, 6, 2)
DST_ENDS, DST_STARTS = date(2026, 4, 5), date(2026, 10, 4)


def made(*days: date, seed: int = 1, timezone: str = "Australia/Melbourne") -> Clinic:
    return clinic.make(seed=seed, days=days or (DAY,), timezone=timezone)


def told(practice: Clinic) -> object:
    return truth(practice, lambda row: row.meaning)


def local(practice: Clinic) -> Iterator[datetime]:
    return (row.start.astimezone(practice.zone) for row in practice.appointments.values())


def overlapping(practice: Clinic) -> int:
    """Pairs of one practitioner's that stand, one beginning before the one before it has ended."""
    books = [
        sorted(
            (row.start, row.end)
            for row in practice.book(worker)
            if row.meaning not in {Meaning.CANCELLED, Meaning.NO_SHOW}
        )
        for worker in practice.practitioners
    ]
    return sum(one[1] > following[0] for book in books for one, following in pairwise(book))


def test_the_same_seed_makes_the_same_practice() -> None:
    assert told(made()) == told(made())


def test_another_seed_makes_another_practice() -> None:
    assert told(made(seed=1)) != told(made(seed=2))


def test_a_day_is_the_same_whichever_days_are_made_with_it() -> None:
    alone, among = made(DAY), made(DAY, DAY + timedelta(days=1))

    assert alone.appointments.items() <= among.appointments.items()


def test_every_day_has_as_many_appointments_as_asked_for() -> None:
    practice = made(DAY, DST_ENDS, DST_STARTS)

    days = Counter(practice.day_of(row) for row in practice.appointments.values())
    assert days == {DAY: 400, DST_ENDS: 400, DST_STARTS: 400}


def test_one_practitioner_is_hidden_and_one_inactive_yet_booked() -> None:
    practice = made()

    hidden = [each for each in practice.practitioners.values() if not each.in_book]
    inactive = [each for each in practice.practitioners.values() if not each.is_active]
    assert [len(practice.book(each.id)) for each in hidden] == [0]
    assert len(inactive) == 1 and practice.book(inactive[0].id)


@pytest.mark.parametrize("practitioners", [1, 2, 3, 4, 30])
def test_a_practice_of_any_size_has_somebody_at_work(practitioners: int) -> None:
    practice = clinic.make(
        seed=1, practitioners=practitioners, appointments_per_day=20, days=(DAY,)
    )

    assert len(practice.practitioners) == practitioners
    assert len(practice.appointments) == 20


@pytest.mark.parametrize("appointments", [60, 400])
def test_a_day_has_every_oddity(appointments: int) -> None:
    practice = clinic.make(seed=3, appointments_per_day=appointments, days=(DAY,))

    rows = practice.appointments.values()
    attended = [row for row in rows if row.attendees]
    assert {row.stated for row in rows} == set(Stated)
    assert len({row.meaning for row in attended}) >= len(Meaning) - 1
    assert any(len(row.attendees) > 1 for row in rows)
    assert any(not row.attendees and row.type_id is None for row in rows)
    assert any(row.type_id is None for row in attended)


def test_a_full_day_has_every_meaning() -> None:
    rows = made().appointments.values()

    assert {row.meaning for row in rows if row.attendees} == set(Meaning)


def test_patients_have_all_sorts_of_names_and_gaps() -> None:
    people = list(made().patients.values())

    assert any("van der" in each.last for each in people)
    assert any("'" in each.last for each in people)
    assert any(each.first is None and " " not in each.full for each in people)
    assert any(not each.full.isascii() for each in people)
    assert any(each.email is None for each in people)
    assert any(each.born_on is None for each in people)
    assert any(each.phone is None for each in people)


def test_phones_come_in_several_formats() -> None:
    phones = [each.phone for each in made().patients.values() if each.phone]

    shapes = {"".join("9" if c.isdigit() else c for c in phone) for phone in phones}
    assert len(shapes) >= 8
    assert any(phone.startswith("+") for phone in phones)


def test_some_types_are_telehealth_and_one_only_sounds_like_it() -> None:
    types = made().types.values()

    assert sum(each.is_telehealth for each in types) >= 3
    assert any("Telehealth" in each.name and not each.is_telehealth for each in types)
    assert any(each.minutes is None for each in types)


def test_on_the_day_clocks_go_back_both_repeated_hours_are_booked() -> None:
    practice = made(DST_ENDS)

    twos = {when.utcoffset() for when in local(practice) if when.hour == 2}
    assert twos == {timedelta(hours=11), timedelta(hours=10)}


def test_on_the_day_clocks_go_forward_the_skipped_hour_has_nobody() -> None:
    zone = ZoneInfo("Australia/Melbourne")
    night = Counter(when.astimezone(zone).hour for when in slots(DST_STARTS, (0, 6), zone))

    assert night == {0: 12, 1: 12, 3: 12, 4: 12, 5: 12}
    assert all(when.hour != 2 for when in local(made(DST_STARTS)))


def test_a_day_that_ends_dst_has_25_hours() -> None:
    zone = ZoneInfo("Australia/Melbourne")

    assert instant(DST_ENDS, 24, zone) - instant(DST_ENDS, 0, zone) == timedelta(hours=25)
    assert instant(DST_STARTS, 24, zone) - instant(DST_STARTS, 0, zone) == timedelta(hours=23)


@pytest.mark.parametrize(
    "timezone", ["Australia/Lord_Howe", "America/New_York", "Africa/Cairo", "Asia/Kathmandu", "UTC"]
)
def test_in_any_zone_appointments_lie_on_their_own_day(timezone: str) -> None:
    days = [date(2026, month, 1) + timedelta(days=day) for month in (4, 10) for day in range(30)]
    practice = clinic.make(seed=1, appointments_per_day=30, timezone=timezone, days=days)

    assert {when.date() for when in local(practice)} == set(days)


def test_an_appointment_begins_exactly_at_midnight() -> None:
    midnight = instant(DAY, 0, ZoneInfo("Australia/Melbourne"))

    assert midnight in {row.start for row in made().appointments.values()}


def test_living_is_repeatable() -> None:
    one, other = made(), made()

    for practice in (one, other):
        live(practice, 100, seed=5)
    assert told(one) == told(other)


def test_a_book_with_room_is_not_booked_twice_at_once_however_long_it_lives() -> None:
    practice = clinic.make(seed=1, days=(DAY,), appointments_per_day=60)
    at_first = overlapping(practice)
    live(practice, 300, seed=5)

    assert overlapping(practice) <= at_first


def test_every_change_raises_the_version_and_is_noted() -> None:
    practice = made(DAY, DAY + timedelta(days=1))

    live(practice, 400, seed=5)
    assert practice.version == 400
    assert [change.version for change in practice.changes] == list(range(1, 401))
    assert {change.kind for change in practice.changes} == {
        "reschedule", "reassign", "cancel", "delete", "add", "rename", "rephone", "arrive",
    }  # fmt: skip


def test_a_practice_whose_book_is_empty_still_lives() -> None:
    practice = clinic.make(seed=1, practitioners=2, appointments_per_day=0, days=(DAY,))

    live(practice, 3, seed=1)
    assert practice.appointments


def test_books_follow_every_edit() -> None:
    practice = made(DAY, DAY + timedelta(days=1))

    live(practice, 500, seed=6)
    rows = [row for each in practice.practitioners for row in practice.book(each)]
    assert {row.id: row for row in rows} == practice.appointments


@pytest.mark.parametrize(
    ("stated", "minutes", "source"),
    [
        (Stated.BOTH, 20, "end"),
        (Stated.END, 20, "end"),
        (Stated.CONFLICT, 20, "end"),
        (Stated.MINUTES, 20, "minutes"),
        (Stated.NEITHER, 15, "type"),
    ],
)
def test_the_truth_says_where_the_end_is_known_from(
    stated: Stated, minutes: int, source: str
) -> None:
    practice = made()
    kind = next(each for each in practice.types.values() if each.minutes == 15)
    start = datetime(2026, 6, 2, tzinfo=UTC)
    row = Appointment(
        id="a", practitioner_id="p", start=start, minutes=20, stated=stated, type_id=kind.id
    )

    assert known_end(practice, row) == (start + timedelta(minutes=minutes), source)


def test_days_are_read_from_words() -> None:
    assert read_days("today,+1,2026-04-05", DAY) == (DST_ENDS, DAY, DAY + timedelta(days=1))
    assert len(read_days("-1..+7", DAY)) == 9
