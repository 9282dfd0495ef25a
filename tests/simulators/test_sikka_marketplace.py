import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from simulators.serving import Reply, Request, running
from tests.simulators.sikka_desk import Desk, code, opened, setup


@dataclass
class Ear:
    """Keeps what it hears."""

    status: int = 200
    heard: list[Request] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def answer(self, request: Request) -> Reply:
        self.heard.append(request)
        headers = {"Location": f"{self.url}/elsewhere"} if self.status == 302 else {}
        return Reply(status=self.status, body=b"{}", headers=headers)

    @property
    def told(self) -> list[Any]:
        return [json.loads(each.body) for each in self.heard]


@contextmanager
def listening(status: int = 200) -> Iterator[Ear]:
    ear = Ear(status)
    with running(ear) as url:
        ear.url = url
        yield ear


@pytest.fixture
def desk() -> Iterator[Desk]:
    with opened(setup(tenants=2)) as desk:
        yield desk


@pytest.fixture
def ear() -> Iterator[Ear]:
    with listening() as ear:
        yield ear


def test_an_office_that_authorises_is_told_of_and_may_be_read(desk: Desk, ear: Ear) -> None:
    desk.control("POST", "tenants/D90001", is_authorised=False)

    said = desk.control("POST", "authorise", tenant="D90001", url=f"{ear.url}/hook")
    assert said == {"office_id": "D90001", "is_authorised": True, "statuses": [200]}
    [event] = ear.told
    assert event.keys() == {
        "event", "app_id", "office_id", "secret_key", "practice_name", "practice_id", "pms_type",
    }  # fmt: skip
    assert event["secret_key"] == desk.credentials()["secret_key"]
    assert ear.heard[0].path == "/hook" and "authorization" not in ear.heard[0].headers
    assert desk.get("practices").status_code == 200


def test_the_other_shape_is_a_handshake_without_a_secret(desk: Desk, ear: Ear) -> None:
    desk.control("POST", "authorise", tenant="D90002", url=ear.url, shape="handshake", times=3)

    first, *others = ear.told
    assert others == [first, first]
    assert (first["Source"], first["MasterCustomerID"]) == ("Sikka", "D90002")
    assert "Order#" in first and first["Status"] == "Purchased" and not first["CancelDate"]
    assert desk.simulator.vendor.cloud.offices["D90002"].secret_key not in json.dumps(first)


@pytest.mark.parametrize(
    ("forged", "name", "shape"),
    [
        ("unknown-office", "office_id", "seed"),
        ("unknown-office", "MasterCustomerID", "handshake"),
        ("wrong-secret", "secret_key", "seed"),
        ("other-app", "app_id", "seed"),
    ],
)
def test_a_forged_event_differs_where_it_says(
    desk: Desk, ear: Ear, forged: str, name: str, shape: str
) -> None:
    desk.control("POST", "authorise", url=ear.url, shape=shape)
    desk.control("POST", "authorise", url=ear.url, shape=shape, forged=forged)

    true, false = ear.told
    assert {each for each in true if true[each] != false[each]} == {name}


def test_an_event_may_come_for_an_office_that_has_authorised_nothing(desk: Desk, ear: Ear) -> None:
    desk.control("POST", "authorise", url=ear.url, forged="unauthorised")

    assert ear.told[0]["office_id"] == "D90001"
    rows = desk.http.get("/authorized_practices", headers=desk.app).json()["items"]
    assert [row["office_id"] for row in rows] == ["D90002"]


def test_an_event_may_be_no_json_at_all(desk: Desk, ear: Ear) -> None:
    for forged in ("not-json", "empty"):
        desk.control("POST", "authorise", url=ear.url, forged=forged)

    assert [each.body for each in ear.heard] == [b"event=app.authorized", b""]


def test_a_revoked_office_is_401_and_its_end_is_told(desk: Desk, ear: Ear) -> None:
    desk.control("POST", "revoke", tenant="D90001", url=f"{ear.url}/cancel")

    assert code(desk.get("appointments")) == (401, "API2007")
    assert code(desk.grant()) == (401, "API2007")
    [event] = ear.told
    assert event["Status"] == "Cancelled" and event["CancelDate"]


def test_an_address_that_nobody_answers_is_told_as_such(desk: Desk) -> None:
    with listening() as gone:
        url = gone.url
    assert desk.control("POST", "authorise", url=url)["statuses"] == [None]
    reply = desk.http.post(f"{desk.url}/_sim/authorise", json={"url": "file:///etc/hosts"})
    assert reply.status_code == 400


def test_a_redirect_is_a_failure_and_is_not_followed(desk: Desk) -> None:
    with listening(302) as ear:
        assert desk.control("POST", "authorise", url=ear.url)["statuses"] == [302]
        assert len(ear.heard) == 1


def test_a_refresh_pings_with_the_callback_key_and_without_records(desk: Desk, ear: Ear) -> None:
    for event in ("Data_Refresh", "appointments"):
        desk.control("POST", "webhooks", event=event, url=ear.url, callback_key="k-1")
    id_ = next(iter(desk.true_rows()))
    desk.control("POST", f"appointments/{id_}", action="reschedule", minutes=5)
    desk.control("POST", "refresh")
    desk.control("POST", "webhooks/settle")

    pings = {each["event"]: each for each in ear.told if each["office_id"] == "D90001"}
    assert {each.headers["callback-key"] for each in ear.heard} == {"k-1"}
    assert pings["Data_Refresh"]["practice_id"] == 1
    assert pings["appointments"]["practice_id"] == "1"
    assert pings["appointments"]["next_data_synchronization_date"] == "1111-11-11T00:00:00"
    assert id_ not in json.dumps(ear.told)


def test_a_webhook_that_fails_five_times_is_told_nothing_more(desk: Desk) -> None:
    with listening(503) as ear:
        desk.control("POST", "webhooks", event="Data_Refresh", url=ear.url)
        for _ in range(7):
            desk.control("POST", "refresh")
        told = desk.control("POST", "webhooks/settle")["webhooks"][0]

        assert (told["is_active"], told["failures"], len(ear.heard)) == (False, 5, 5)


def test_an_event_goes_to_two_addresses_at_most(desk: Desk, ear: Ear) -> None:
    for _ in range(2):
        desk.control("POST", "webhooks", event="patient", url=ear.url)

    told = {"event": "patient", "url": ear.url}
    assert desk.http.post(f"{desk.url}/_sim/webhooks", json=told).status_code == 400
