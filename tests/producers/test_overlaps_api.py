"""Overlapping visits over the API: refused, warned of or let be, as the account has chosen."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from domain.people import Role
from tests.producers.conftest import Site
from tests.producers.seeding import DAY

pytestmark = pytest.mark.integration

SHEET = "/api/run-sheet"
POLICY = f"{SHEET}/overlap-policy"
TAKEN = (
    "13:15 to 13:45 overlaps another appointment of Dr Tom Whitfield, 13:00 to 13:30; choose"
    " another time or another clinician."
)


def choose(site: Site, headers: Mapping[str, str] | None = None, **body: Any) -> httpx.Response:
    return site.client.patch(POLICY, headers=headers or site.bearer(), json=body)


def move(site: Site, patient: str, start: str) -> httpx.Response:
    return site.client.patch(
        f"{SHEET}/appointments/{site.ids[patient]}",
        headers={**site.bearer(Role.BILLING), "If-Match": '"1"'},
        json={"start": start},
    )


def add(site: Site, start: str, source: str = "manual") -> httpx.Response:
    body = {
        "source": source,
        "start": f"{DAY}T{start}",
        "patient_name": "Somebody Typed",
        "clinician": "Dr Tom Whitfield",
        "timezone": "Australia/Melbourne",
    }
    headers = {**site.bearer(), "Idempotency-Key": uuid4().hex}
    return site.client.post(f"{SHEET}/appointments", headers=headers, json=body)


def test_overlaps_are_warned_of_unless_somebody_chose(site: Site) -> None:
    answer = site.client.get(POLICY, headers=site.bearer(Role.PROVIDER)).json()

    assert answer["policy"] == "warn"
    tom = next(one for one in answer["clinicians"] if one["name"] == "Dr Tom Whitfield")
    assert tom == {
        "id": str(site.column("Dr Tom Whitfield")),
        "name": "Dr Tom Whitfield",
        "policy": None,
    }


def test_an_edit_over_a_visit_is_warned_of_in_a_sentence(site: Site) -> None:
    answer = move(site, "Quinn Invented", "13:15").json()

    assert answer["warning"] == (
        "13:15 to 14:00 overlaps another appointment of Dr Tom Whitfield, 13:00 to 13:30."
    )
    assert [one["id"] for one in answer["appointment"]["overlaps"]] == [
        str(site.ids["Olga Madeupson"])
    ]
    sheet = site.client.get(SHEET, params={"date": str(DAY)}, headers=site.bearer()).json()
    ids = [str(site.ids["Olga Madeupson"]), str(site.ids["Quinn Invented"])]
    (found,) = [one for one in sheet["overlaps"] if ids[0] in one["appointments"]]
    assert found == {
        "clinician_id": str(site.column("Dr Tom Whitfield")),
        "start": "2026-11-23T02:15:00Z",
        "end": "2026-11-23T02:30:00Z",
        "appointments": ids,
    }


def test_an_edit_of_something_else_is_not_warned_of(site: Site) -> None:
    move(site, "Quinn Invented", "13:15")

    answer = site.client.patch(
        f"{SHEET}/appointments/{site.ids['Quinn Invented']}",
        headers={**site.bearer(), "If-Match": '"2"'},
        json={"patient_phone": "03 7010 4321"},
    ).json()

    assert answer["warning"] is None


def test_where_overlaps_are_blocked_an_edit_over_a_visit_is_a_conflict(site: Site) -> None:
    choose(site, policy="block")

    answer = move(site, "Quinn Invented", "13:15")

    assert answer.status_code == 409
    assert answer.json()["detail"] == TAKEN.replace("13:45", "14:00")
    assert "Olga" not in answer.text


def test_where_overlaps_are_blocked_a_row_typed_over_a_visit_is_a_conflict(site: Site) -> None:
    choose(site, policy="block")

    answer = add(site, "13:15")

    assert (answer.status_code, answer.json()["detail"]) == (409, TAKEN)
    assert add(site, "13:30").status_code == 201


@pytest.mark.parametrize(("policy", "source"), [("warn", "manual"), ("block", "ocr")])
def test_a_row_that_is_taken_says_what_it_overlaps(site: Site, policy: str, source: str) -> None:
    choose(site, policy=policy)

    (placed,) = add(site, "13:15", source).json()["appointments"]

    assert placed["overlaps"] == [
        {
            "id": str(site.ids["Olga Madeupson"]),
            "start": "2026-11-23T02:00:00Z",
            "end": "2026-11-23T02:30:00Z",
        }
    ]


def test_where_overlaps_are_allowed_nothing_is_said(site: Site) -> None:
    choose(site, policy="allow")

    answer = move(site, "Quinn Invented", "13:15").json()

    assert (answer["warning"], answer["appointment"]["overlaps"]) == (None, [])
    assert add(site, "13:15").json()["appointments"][0]["overlaps"] == []


def test_a_clinician_may_have_a_policy_of_their_own_and_lose_it_again(site: Site) -> None:
    tom = str(site.column("Dr Tom Whitfield"))

    answer = choose(site, clinicians={tom: "block"}).json()

    assert answer["policy"] == "warn"
    assert {one["id"]: one["policy"] for one in answer["clinicians"]}[tom] == "block"
    assert move(site, "Quinn Invented", "13:15").status_code == 409
    again = choose(site, clinicians={tom: None}).json()
    assert {one["policy"] for one in again["clinicians"]} == {None}
    assert move(site, "Quinn Invented", "13:15").status_code == 200


@pytest.mark.parametrize("role", [Role.BILLING, Role.PROVIDER, Role.OPS])
def test_only_who_configures_chooses(site: Site, role: Role) -> None:
    assert choose(site, site.bearer(role), policy="allow").status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({}, 422, id="nothing"),
        pytest.param({"policy": "forbid"}, 422, id="a policy that is none"),
        pytest.param({"clinicians": {str(UUID(int=7)): "block"}}, 404, id="nobody of ours"),
        pytest.param({"policy": "block", "more": 1}, 422, id="something else"),
    ],
)
def test_what_cannot_be_chosen_changes_nothing(
    site: Site, body: dict[str, Any], status: int
) -> None:
    assert choose(site, **body).status_code == status
    assert site.client.get(POLICY, headers=site.bearer()).json()["policy"] == "warn"
