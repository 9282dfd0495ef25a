"""The inbox and rows of our own over JSON: who may, what is asked for, what comes back."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from domain.people import Role
from tests.producers.conftest import Site
from tests.producers.seeding import DAY, DEMO, NOW, pms_says, seed

pytestmark = pytest.mark.integration

SHEET = "/api/run-sheet"
INBOX = "/api/conflicts"
NEW = {
    "source": "manual",
    "start": f"{DAY}T15:30",
    "patient_name": "Walk-in Example",
    "patient_phone": "0400 000 321",
    "clinician": "Dr. Tom Whitfield",
}


def dispute(site: Site, *patients: str) -> None:
    """A person and the PMS both changed the phone of each."""
    for patient in patients or ("Grace Invented",):
        entry = site.ids[patient]
        edited = site.client.patch(
            f"{SHEET}/appointments/{entry}",
            headers={**site.bearer(), "If-Match": "*"},
            json={"patient_phone": "03 7010 4321"},
        )
        assert edited.status_code == 200
        with site.everything() as db:
            pms_says(db, site.seal(), entry, patient_phone="0400 555 019", at=NOW)


def inbox(site: Site, role: Role = Role.OWNER, **params: Any) -> dict[str, Any]:
    answer = site.client.get(INBOX, params=params, headers=site.bearer(role))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def post(
    site: Site,
    path: str,
    body: Any,
    role: Role = Role.OWNER,
    more: Mapping[str, str] | None = None,
) -> httpx.Response:
    return site.client.post(path, json=body, headers={**site.bearer(role), **(more or {})})


def add(site: Site, body: Any, key: str = "k-1", role: Role = Role.OWNER) -> httpx.Response:
    return post(site, f"{SHEET}/appointments", body, role, more={"Idempotency-Key": key})


def rows(site: Site) -> list[dict[str, Any]]:
    answer = site.client.get(SHEET, params={"date": str(DAY)}, headers=site.bearer())
    found: list[dict[str, Any]] = answer.json()["appointments"]
    return found


def test_rows_of_conflicts_that_are_listed_count_as_read_once(site: Site) -> None:
    dispute(site, "Grace Invented", "Hugo Fictional")
    another = site.bearer(claims={"sub": "another"})

    def read_after(path: str) -> int:
        """Rows of patients, within the hour."""
        assert site.client.get(path, headers=another).status_code == 200
        query = "SELECT rows FROM patient_reading WHERE span = 'hour' AND person = 'another'"
        with site.everything() as db:
            counted: int = db.execute(text(query)).scalar_one()
        return counted

    assert [read_after(path) for path in (f"{INBOX}?limit=1", INBOX, "/conflicts/inbox")] == [
        1,
        2,
        2,
    ]


def test_the_inbox_shows_both_sides_and_counts_by_rule(site: Site) -> None:
    dispute(site, "Grace Invented", "Hugo Fictional")

    found = inbox(site)

    assert found["success"] is True
    assert found["rules"] == [{"rule": "patient_phone", "winner": "person", "count": 2}]
    assert (found["total"], found["next_cursor"]) == (2, None)
    grace = next(one for one in found["conflicts"] if one["patient"] == "Grace Invented")
    assert (grace["ours"], grace["theirs"]) == ("(03) 7010 4321", "0400 555 019")
    assert (grace["ours_by"], grace["field"]) == ("script", "patient_phone")
    assert grace["start"].endswith("Z")
    assert (grace["settled_as"], grace["can_undo"]) == (None, False)


def test_reading_the_inbox_and_a_history_leaves_an_audit_row(site: Site) -> None:
    dispute(site)

    inbox(site)
    entry = site.ids["Grace Invented"]
    site.client.get(f"{SHEET}/appointments/{entry}/history", headers=site.bearer())

    with site.everything() as db:
        read = db.execute(
            text("SELECT action, phi_accessed, phi_fields FROM pms_audit_logs ORDER BY id DESC")
        ).all()
    assert [one.action for one in read[:2]] == ["run_sheet.history_read", "conflicts.read"]
    assert all(one.phi_accessed and "patient_phone" in one.phi_fields for one in read[:2])


def test_pages_of_the_inbox_follow_each_other_and_miss_nothing(site: Site) -> None:
    names = ["Grace Invented", "Hugo Fictional", "Ivy Nobody", "Jun Unreal", "Mei Testwell"]
    dispute(site, *names)
    seen: list[str] = []
    cursor = None

    while True:
        page = inbox(site, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [one["patient"] for one in page["conflicts"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert sorted(seen) == sorted(names)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"cursor": "nonsense"}, "cursor"),
        ({"rule": "shoe_size"}, "not a field"),
        ({"state": "maybe"}, "query.state"),
        ({"limit": 0}, "query.limit"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_so(
    site: Site, params: dict[str, Any], says: str
) -> None:
    answer = site.client.get(INBOX, params=params, headers=site.bearer())

    assert answer.status_code == 422
    assert says in answer.json()["detail"]


def test_one_is_settled_with_the_version_that_was_read_and_opened_again(site: Site) -> None:
    dispute(site)
    (conflict,) = inbox(site)["conflicts"]
    path = f"{INBOX}/{conflict['id']}"

    without = post(site, f"{path}/settle", {"choice": "theirs"})
    stale = post(site, f"{path}/settle", {"choice": "theirs"}, more={"If-Match": '"1"'})
    done = post(
        site,
        f"{path}/settle",
        {"choice": "theirs"},
        more={"If-Match": f'"{conflict["version"]}"'},
    )

    assert [one.status_code for one in (without, stale, done)] == [428, 412, 200]
    (settled,) = inbox(site, state="settled")["conflicts"]
    assert (settled["settled_as"], settled["settled_by"], settled["can_undo"]) == (
        "theirs",
        "script",
        True,
    )
    assert post(site, f"{path}/undo", {}).status_code == 200
    (again,) = inbox(site)["conflicts"]
    assert again["id"] == conflict["id"]
    assert post(site, f"{path}/undo", {}).status_code == 409


def test_many_are_counted_first_then_settled_and_taken_back(site: Site) -> None:
    dispute(site, "Grace Invented", "Hugo Fictional", "Rosa Fictional")
    here = inbox(site)["conflicts"][0]["connection_id"]
    ours = inbox(site, connection_id=here)
    asked = {"choice": "theirs", "connection_id": here}

    counted = post(site, f"{INBOX}/settle", {**asked, "count_only": True}).json()
    done = post(
        site, f"{INBOX}/settle", {"choice": "theirs", "conflicts": counted["conflicts"]}
    ).json()

    assert counted["count"] == counted["total"] == done["settled"] == len(ours["conflicts"])
    assert inbox(site)["total"] == 3 - done["settled"]
    taken_back = {"ids": done["ids"], "settled_at": done["settled_at"]}
    back = post(site, f"{INBOX}/undo", taken_back).json()
    assert (back["opened"], back["left"]) == (done["settled"], 0)
    assert inbox(site)["total"] == 3


def test_a_conflict_that_moved_since_it_was_read_is_left_and_stays_open(site: Site) -> None:
    dispute(site)
    (read,) = inbox(site)["conflicts"]
    with site.everything() as db:
        pms_says(db, site.seal(), site.ids["Grace Invented"], patient_phone="0400 555 777", at=NOW)
    seen = [{"id": read["id"], "version": read["version"]}]

    done = post(site, f"{INBOX}/settle", {"choice": "theirs", "conflicts": seen}).json()

    assert (done["settled"], done["left"], done["ids"]) == (0, 1, [])
    (still,) = inbox(site)["conflicts"]
    assert (still["id"], still["theirs"]) == (read["id"], "0400 555 777")


def test_what_to_settle_is_named_as_it_was_read(site: Site) -> None:
    dispute(site)
    (conflict,) = inbox(site)["conflicts"]
    seen = [{"id": conflict["id"], "version": conflict["version"]}]

    refused = [
        {"choice": "mine", "conflicts": seen, "rule": "patient_phone"},
        {"choice": "mine", "rule": "patient_phone"},
        {"choice": "mine", "conflicts": [{"id": conflict["id"]}]},
        {"choice": "mine", "count_only": True},
        {"choice": "mine"},
    ]

    assert {post(site, f"{INBOX}/settle", one).status_code for one in refused} == {422}
    assert inbox(site)["total"] == 1


def test_clinicians_look_and_operators_do_not_even_that(site: Site) -> None:
    dispute(site)
    (conflict,) = inbox(site, Role.PROVIDER)["conflicts"]
    ids = {
        "choice": "mine",
        "conflicts": [{"id": conflict["id"], "version": conflict["version"]}],
    }

    refused = [
        site.client.get(INBOX, headers=site.bearer(Role.OPS)),
        post(site, f"{INBOX}/settle", ids, Role.PROVIDER),
        post(site, f"{INBOX}/undo", {"ids": [conflict["id"]]}, Role.PROVIDER),
        post(site, f"/api/pms/runs/{conflict['id']}/undo", {}, Role.PROVIDER),
        add(site, NEW, role=Role.PROVIDER),
        add(site, NEW, role=Role.OPS),
    ]

    assert {one.status_code for one in refused} == {403}


def test_another_accounts_rows_are_not_there(site: Site) -> None:
    with site.everything() as db:
        seed(db, site.seal("other"), DEMO[:1], account_id="other")
    dispute(site)
    (conflict,) = inbox(site)["conflicts"]
    entry = site.ids["Grace Invented"]
    stranger = site.bearer(account_id="other")

    def asks(method: str, path: str, **more: Any) -> int:
        headers = {**stranger, "If-Match": "*"}
        return site.client.request(method, path, headers=headers, **more).status_code

    ids = {"ids": [conflict["id"]]}
    seen = [{"id": conflict["id"], "version": conflict["version"]}]
    statuses = [
        asks("POST", f"{INBOX}/{conflict['id']}/settle", json={"choice": "mine"}),
        asks("POST", f"{INBOX}/settle", json={"choice": "mine", "conflicts": seen}),
        asks("POST", f"{INBOX}/undo", json=ids),
        asks("POST", f"{INBOX}/{conflict['id']}/undo"),
        asks("POST", f"{SHEET}/appointments/{entry}/undo"),
        asks("GET", f"{SHEET}/appointments/{entry}/history"),
        asks("DELETE", f"{SHEET}/appointments/{entry}"),
        asks("POST", f"/api/pms/runs/{entry}/undo"),
    ]

    assert statuses == [404] * 8
    answer = site.client.get(INBOX, headers=stranger).json()
    assert answer["conflicts"] == []


def test_a_row_is_added_once_for_its_key(site: Site) -> None:
    first, again = add(site, NEW), add(site, NEW)
    other = add(site, {**NEW, "patient_name": "Someone Else"})

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.json() == again.json()
    (placed,) = first.json()["appointments"]
    assert (placed["linked"], placed["outcome"]) == (False, "created")
    found = [one for one in rows(site) if one["id"] == placed["id"]]
    assert [one["clinician"] for one in found] == ["Dr Tom Whitfield"]
    assert found[0]["start"] == "2026-11-23T04:30:00Z"
    assert (found[0]["source"], found[0]["is_manual_entry"]) == ("manual", True)


def test_a_row_without_a_key_is_not_taken(site: Site) -> None:
    before = len(rows(site))

    assert post(site, f"{SHEET}/appointments", NEW).status_code == 400

    assert len(rows(site)) == before


def test_a_scan_of_the_day_doubles_nothing_however_often_it_comes(site: Site) -> None:
    before = rows(site)
    scan = {
        "source": "ocr",
        "appointments": [
            {
                "start": one["start"],
                "patient_name": one["patient"]["full_name"].upper(),
                "clinician": one["clinician"],
            }
            for one in before
            if one["patient"]
        ],
    }

    first, second = add(site, scan, "scan-1"), add(site, scan, "scan-2")

    assert len(rows(site)) == len(before)
    assert {one["linked"] for one in first.json()["appointments"]} == {True}
    assert {one["outcome"] for one in second.json()["appointments"]} == {"unchanged"}


def test_a_clinicians_own_zone_reads_a_time_without_an_offset(site: Site) -> None:
    body = {**NEW, "clinician": "Dr Yusuf Aziz", "start": f"{DAY}T11:00"}

    (placed,) = add(site, body).json()["appointments"]

    found = next(one for one in rows(site) if one["id"] == placed["id"])
    assert (found["timezone"], found["start"]) == ("Australia/Perth", "2026-11-23T03:00:00Z")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"start": None}, "day and a time"),
        ({"start": "09:30"}, "day and a time"),
        ({"start": "2026-10-04T02:30"}, "clocks go forward"),
        ({"patient_phone": "12"}, "not a phone number"),
        ({"clinician_id": "00000000-0000-0000-0000-000000000000"}, "no such clinician"),
        ({"timezone": "Mars/Base"}, "not a time zone"),
        ({"shoe_size": 44}, "shoe_size"),
        ({"source": "pms"}, "source"),
        ({"appointments": []}, "appointments"),
        ({"appointments": [{"start": "2026-11-23T09:00"}]}, "not both"),
    ],
)
def test_a_row_that_cannot_be_is_refused_in_one_sentence(
    site: Site, changes: dict[str, Any], says: str
) -> None:
    before = len(rows(site))

    answer = add(site, {**NEW, **changes})

    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert len(rows(site)) == before


LONG_NAME = "Dr " + "x" * 300


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"patient_name": None}, "Whose appointment is it?"),
        ({"patient_name": " ", "clinician": None}, "Whose appointment is it?"),
        ({"start": "0026-11-23T09:00"}, "between 1990 and 2100"),
        ({"start": "2226-11-23T09:00"}, "between 1990 and 2100"),
        ({"clinician": "Dr\x00Who"}, "cannot be shown"),
        ({"appointment_type": "Re\x00view"}, "cannot be shown"),
        ({"clinician": LONG_NAME}, "too long"),
        ({"appointment_type": LONG_NAME}, "too long"),
        ({"clinician": "x"}, "not a clinician's name"),
        ({"clinician": "|||"}, "not a clinician's name"),
        ({"source": "ocr", "start": "2016-11-23T09:00"}, "more than two years off"),
    ],
)
def test_nobodys_visit_and_impossible_days_and_names_are_refused(
    site: Site, changes: dict[str, Any], says: str
) -> None:
    before = len(rows(site))

    answer = add(site, {**NEW, **changes})

    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert len(rows(site)) == before


def test_blocked_time_needs_no_name_when_it_says_so(site: Site) -> None:
    block = {"source": "manual", "kind": "block", "start": f"{DAY}T15:30"}

    (placed,) = add(site, block).json()["appointments"]

    (found,) = [one for one in rows(site) if one["id"] == placed["id"]]
    assert found["patient"] is None


def test_one_bad_line_does_not_sink_the_scan(site: Site) -> None:
    good = {"start": f"{DAY}T15:30", "patient_name": "Walk-in Example"}
    lines = [{"start": f"{DAY}T15:45"}, good, {**good, "start": "whenever"}]

    answer = add(site, {"source": "ocr", "appointments": lines})

    assert answer.status_code == 201
    nameless, placed, timeless = answer.json()["appointments"]
    assert (placed["outcome"], nameless["outcome"], timeless["outcome"]) == (
        "created",
        "rejected",
        "rejected",
    )
    assert nameless["reason"].startswith("Whose appointment is it?")
    assert placed["id"] in {one["id"] for one in rows(site)}


def test_a_scan_makes_no_column_and_keeps_the_clinician_as_read(site: Site) -> None:
    lines = [
        {"start": f"{DAY}T15:30", "patient_name": "Walk-in Example", "clinician": "l"},
        {"start": f"{DAY}T15:45", "patient_name": "Late Example", "clinician": "Whitfield"},
    ]
    before = site.client.get(SHEET, params={"date": str(DAY)}, headers=site.bearer()).json()

    placed = add(site, {"source": "ocr", "appointments": lines}).json()["appointments"]

    after = site.client.get(SHEET, params={"date": str(DAY)}, headers=site.bearer()).json()
    assert after["clinicians"] == before["clinicians"]
    found = {one["id"]: one for one in after["appointments"]}
    nobody, tom = (found[one["id"]] for one in placed)
    assert (nobody["clinician"], nobody["flags"]) == (None, ["clinician_as_read:l"])
    assert (tom["clinician"], tom["flags"]) == ("Dr Tom Whitfield", [])


def test_a_row_is_undone_whole_step_by_step_and_taken_off(site: Site) -> None:
    entry = site.ids["Grace Invented"]
    path = f"{SHEET}/appointments/{entry}"
    edit = {"patient_phone": "03 7010 4321", "notes": "Call first."}
    site.client.patch(path, headers={**site.bearer(), "If-Match": '"1"'}, json=edit)

    missing = post(site, f"{path}/undo", {})
    undone = post(site, f"{path}/undo", {}, more={"If-Match": '"2"'})
    redone = post(site, f"{path}/undo", {"step": "last"}, more={"If-Match": '"3"'})
    refused = site.client.delete(path, headers={**site.bearer(), "If-Match": "*"})

    assert missing.status_code == 428
    assert undone.json()["appointment"]["patient"]["phone"] == "0400 000 000"
    assert redone.json()["appointment"]["patient"]["phone"] == "(03) 7010 4321"
    assert refused.status_code == 422
    history = site.client.get(f"{path}/history", headers=site.bearer()).json()["history"]
    assert [one["what"] for one in history] == ["undone", "reverted", "edited"]
    moves = {one["field"]: (one["was"], one["became"]) for one in history[-1]["moves"]}
    assert moves["patient_phone"] == ("0400 000 000", "(03) 7010 4321")


def test_a_row_of_our_own_can_be_taken_off(site: Site) -> None:
    (placed,) = add(site, NEW).json()["appointments"]
    path = f"{SHEET}/appointments/{placed['id']}"

    gone = site.client.delete(path, headers={**site.bearer(), "If-Match": '"1"'})

    assert gone.json()["appointment"]["removed"] is True
    assert add(site, {**NEW, "source": "ocr"}, "k-2").json()["appointments"] == [
        {"id": placed["id"], "linked": False, "outcome": "unchanged", "overlaps": []}
    ]


def test_taking_a_choice_back_leaves_what_somebody_else_chose_since(site: Site) -> None:
    dispute(site)
    (conflict,) = inbox(site)["conflicts"]
    one = f"{INBOX}/{conflict['id']}"
    whatever = {"If-Match": "*"}

    mine = post(site, f"{one}/settle", {"choice": "mine"}, more=whatever).json()
    assert post(site, f"{one}/undo", None).status_code == 200
    site.clock.now += timedelta(minutes=1)
    assert post(site, f"{one}/settle", {"choice": "theirs"}, more=whatever).status_code == 200
    undone = post(
        site, f"{INBOX}/undo", {"ids": [conflict["id"]], "settled_at": mine["settled_at"]}
    ).json()

    assert (undone["opened"], undone["left"]) == (0, 1)
    (settled,) = inbox(site, state="settled")["conflicts"]
    assert settled["settled_as"] == "theirs"
