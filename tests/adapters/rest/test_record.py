"""Strict reading: the right type or a reject that names the path."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.rest.record import Record, joined, last_segment
from adapters.rest.surroundings import Surroundings
from domain.errors import BadRecord

MELBOURNE = "Australia/Melbourne"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Ann Example", "Ann Example"),
        ("  Ann  ", "Ann"),
        ("Ann\r\nExample", "Ann Example"),
        ("Ann\x00\x1b[31m", "Ann[31m"),
        ("Zoë\u00a0Müller", "Zoë Müller"),
        ("Ann\ud800", "Ann\N{REPLACEMENT CHARACTER}"),
        ("Ann\u202eelpmaxE", "AnnelpmaxE"),
        ("\ufeffAnn\u200b Exa\U000e0053\U000e0061\U000e0079mple", "Ann Example"),
        ("", None),
        (" \n ", None),
        (None, None),
    ],
)
def test_a_text_comes_clean_on_one_line(written: Any, read: str | None) -> None:
    assert Record({"name": written}).maybe("name") == read


@pytest.mark.parametrize("value", [7, True, ["Ann"], {"text": "Ann"}, "A" * 10_000_000])
def test_what_is_no_text_is_rejected_by_its_path_alone(value: Any) -> None:
    record = Record({"name": {"given": value}}, where="patients[3]")

    with pytest.raises(BadRecord) as bad:
        record.maybe("name.given")

    assert bad.value.path == "patients[3].name.given"
    assert str(bad.value) in {"not a text", "too long"}


def test_a_missing_text_or_id_is_rejected() -> None:
    for read in (Record({}).text, Record({"id": ""}).id):
        with pytest.raises(BadRecord, match="missing"):
            read("id")


@pytest.mark.parametrize(
    ("written", "read"), [("a-1", "a-1"), (17, "17"), ("", None), (None, None)]
)
def test_an_id_is_a_text_or_a_whole_number(written: Any, read: str | None) -> None:
    assert Record({"id": written}).maybe_id("id") == read


@pytest.mark.parametrize("value", ["a\nb", "a\x00", " a", "x" * 300, 1.5, True])
def test_an_id_that_would_have_to_be_cleaned_is_rejected(value: Any) -> None:
    with pytest.raises(BadRecord):
        Record({"id": value}).id()


def test_notes_keep_their_lines_and_are_cut_when_endless() -> None:
    record = Record({"short": "Bring\r\nforms\x07 \u2028", "long": "n" * 50_000})

    assert record.notes("short") == "Bring\nforms"
    assert record.flags == set()
    assert len(record.notes("long") or "") == 20_000
    assert record.flags == {"notes_cut"}


@pytest.mark.parametrize(
    ("written", "read"),
    [(30, 30), (30.0, 30), ("30", 30), (30.5, 31), ("30.5", 31), ("-1", -1), ("", None)],
)
def test_minutes_come_as_numbers_or_texts_and_count_once_begun(
    written: Any, read: int | None
) -> None:
    record = Record({"minutes": written})

    assert (record.minutes("minutes"), record.drift) == (read, [])


@pytest.mark.parametrize(
    "value", [True, "thirty", "\uff19", "9" * 50, 10**30, 2**31, [30], float("nan")]
)
def test_what_is_no_number_of_minutes_is_left_out_and_told(value: Any) -> None:
    record = Record({"minutes": value})

    assert (record.minutes("minutes"), record.drift) == (None, ["unreadable:minutes"])


@pytest.mark.parametrize(("value", "read"), [(" a ", "a"), (7, "7"), (None, None)])
def test_a_side_value_is_a_text_or_a_number(value: Any, read: str | None) -> None:
    record = Record({"email": value})

    assert (record.side("email"), record.drift) == (read, [])


@pytest.mark.parametrize("value", [True, 1.5, ["a"], {"a": 1}, "x" * 600, 10**30])
def test_any_other_side_value_is_left_out_and_told(value: Any) -> None:
    record = Record({"email": value})

    assert (record.side("email"), record.drift) == (None, ["unreadable:email"])


@pytest.mark.parametrize(("value", "kept"), [([{"a": 1}, 7], 1), ({"a": 1}, 0), ("x", 0)])
def test_a_side_list_is_read_as_far_as_it_is_one(value: Any, kept: int) -> None:
    record = Record({"contact": value})

    assert (len(record.side_records("contact")), record.drift) == (kept, ["unreadable:contact"])


@pytest.mark.parametrize(
    "written",
    [
        "2026-06-02T09:00:00.000+10:00",
        "2026-06-01T23:00:00Z",
        "2026-06-01T23:00:00.000+0000",
        "2026-06-02T09:00",
        "2026-06-02 09:00:00",
    ],
)
def test_every_spelling_of_an_instant_means_the_same(written: str) -> None:
    read = Record({"at": written}).instant("at", zone=MELBOURNE)

    assert read == datetime(2026, 6, 1, 23, tzinfo=UTC) and read.tzinfo is UTC


@pytest.mark.parametrize(
    "written",
    [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-06-02",
        "2026-W23-2T09:00:00",
        "2026-06-02T25:00:00Z",
        "tomorrow at nine o'clock",
        "20260602T090000Z",
        1780354800,
    ],
)
def test_what_is_no_instant_is_rejected(written: Any) -> None:
    with pytest.raises(BadRecord):
        Record({"at": written}).instant("at", zone=MELBOURNE)


@pytest.mark.parametrize(
    ("told", "a_second"), [(1780354800, 1), ("1780354800", 1), (1780354800000, 1000)]
)
def test_an_instant_may_be_a_count_from_1970(told: Any, a_second: int) -> None:
    read = Record({"at": told}).since_1970("at", a_second=a_second)

    assert read == datetime(2026, 6, 1, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "told", [None, "", -1, True, 1780354800.5, 1780354800000, "9" * 30, "9" * 200, "9" * 400, "٣"]
)
def test_a_count_that_is_no_instant_is_rejected(told: Any) -> None:
    with pytest.raises(BadRecord):
        Record({"at": told}).since_1970("at")


def test_a_naive_time_without_a_zone_is_rejected() -> None:
    with pytest.raises(BadRecord, match="without an offset"):
        Record({"at": "2026-06-02T09:00:00"}).instant("at")


@pytest.mark.parametrize(
    ("local", "utc", "flags"),
    [
        ("2026-04-05T02:30", datetime(2026, 4, 4, 15, 30, tzinfo=UTC), {"fold"}),
        ("2026-04-05T03:30", datetime(2026, 4, 4, 17, 30, tzinfo=UTC), set()),
        ("2026-10-04T02:30", datetime(2026, 10, 3, 16, 30, tzinfo=UTC), {"gap"}),
        ("2026-10-04T03:30", datetime(2026, 10, 3, 16, 30, tzinfo=UTC), set()),
    ],
)
def test_a_repeated_hour_is_its_first_and_a_skipped_one_moves_forward(
    local: str, utc: datetime, flags: set[str]
) -> None:
    record = Record({"at": local})

    assert record.instant("at", zone=MELBOURNE) == utc
    assert record.flags == flags


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1984-12-10", "1984-12-10"),
        ("1984-12-10T00:00:00", "1984-12-10"),
        ("1111-11-11", None),
        ("1984-12", None),
        ("0001-01-01", None),
    ],
)
def test_a_birth_date_that_cannot_be_one_is_left_out_and_flagged(
    written: str, read: str | None
) -> None:
    record = Record({"born": written})

    assert record.birth_date("born") == read
    assert record.flags == (set() if read else {"unreadable_birth_date"})


def test_nested_records_name_their_place_and_share_the_flags_of_the_whole() -> None:
    whole = Record({"people": [{"name": "Ann"}, {"name": 7, "born": "?"}]}, where="items[0]")
    second = whole.records("people")[1]

    second.birth_date("born")
    with pytest.raises(BadRecord) as bad:
        second.text("name")

    assert bad.value.path == "items[0].people[1].name"
    assert whole.flags == {"unreadable_birth_date"}


@pytest.mark.parametrize("value", ["text", 7, {"a": 1}])
def test_what_is_no_list_or_no_object_is_rejected(value: Any) -> None:
    with pytest.raises(BadRecord):
        Record({"people": value}).records("people")
    with pytest.raises(BadRecord):
        Record({"people": [value]}).records("people")[0].text("a")


def test_absent_lists_and_objects_are_empty_and_booleans_have_defaults() -> None:
    record = Record({"people": None, "active": False})

    assert record.records("people") == [] and record.record("people") is None
    assert record.boolean("active", default=True) is False
    assert record.boolean("shown", default=True) is True
    with pytest.raises(BadRecord):
        Record({"active": "yes"}).boolean("active")


@pytest.mark.parametrize(
    ("reference", "found"),
    [("/main/Patient/9", "9"), ("https://x.test/T/9", "9"), ("9", "9"), ("a/", "a"), (None, None)],
)
def test_the_id_of_a_reference_is_its_last_segment(reference: str | None, found: str) -> None:
    assert last_segment(reference) == found


def test_notes_that_say_the_same_are_joined_once() -> None:
    assert joined("Review", None, "Review", "Bring forms") == "Review\nBring forms"
    assert joined(None, "") is None


PATH = "/v1/patients/{id}"


def around_of(answer: Any) -> Surroundings:
    return Surroundings(follow=lambda path, query, parts: answer)


@pytest.mark.parametrize(
    "answer",
    [{"id": "p1", "n": 1}, [{"id": "p1", "n": 1}], {"id": "P1", "n": 1}],
)
def test_what_is_held_under_an_id_is_read(answer: Any) -> None:
    record = Record({}, around=around_of(answer))

    found = record.held(PATH, id="p1")

    assert found is not None and found.raw("n") == 1
    assert record.around.unread == []


@pytest.mark.parametrize(
    "answer", [{"id": "p2"}, {}, [], [{"id": "p1"}, {"id": "p1"}], "p1", 7, {"id": ["p1"]}]
)
def test_what_answers_under_another_id_is_not_read_and_told(answer: Any) -> None:
    record = Record({}, around=around_of(answer))

    assert record.held(PATH, id="p1") is None
    assert record.around.unread == [PATH]


def test_what_is_not_there_is_nothing_to_tell() -> None:
    record = Record({}, around=around_of(None))

    assert (record.held(PATH, id="p1"), record.around.unread) == (None, [])


def test_a_path_through_what_is_no_object_is_not_as_good_as_missing() -> None:
    for name in ("Ann", ["Ann"], 7):
        record = Record({"name": name})
        with pytest.raises(BadRecord, match="not an object"):
            record.maybe("name.given")
        assert (record.side("name.given"), record.drift) == (None, ["unreadable:name.given"])
    nothing: list[dict[str, Any]] = [{}, {"name": None}, {"name": {}}]
    for none in nothing:
        assert Record(none).maybe("name.given") is None


@pytest.mark.parametrize("value", [10**25, -(10**25)])
def test_an_id_beyond_reason_is_not_as_good_as_none(value: int) -> None:
    with pytest.raises(BadRecord, match="beyond reason"):
        Record({"id": value}).maybe_id("id")


@pytest.mark.parametrize(
    ("written", "read", "drift"),
    [
        (["Ann", " B "], "Ann B", []),
        ("Ann", "Ann", []),
        (None, None, []),
        ([], None, []),
        (["Ann", 7], "Ann", ["unreadable:given"]),
        (["A" * 30_000], None, ["unreadable:given"]),
        ({"text": "Ann"}, None, ["unreadable:given"]),
    ],
)
def test_a_list_of_words_is_one_text(written: Any, read: str | None, drift: list[str]) -> None:
    record = Record({"given": written})

    assert (record.side_words("given"), record.drift) == (read, drift)


@pytest.mark.parametrize(
    ("written", "read", "drift"),
    [
        (True, True, []),
        (False, False, []),
        (None, None, []),
        ("yes", None, ["unreadable:on"]),
        (1, None, ["unreadable:on"]),
    ],
)
def test_a_mark_beside_the_matter_is_one_or_none(
    written: Any, read: bool | None, drift: list[str]
) -> None:
    record = Record({"on": written})

    assert (record.side_mark("on"), record.drift) == (read, drift)
