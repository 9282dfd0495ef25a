import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from simulators.halaxy import Knobs
from simulators.serving import Reply, Request, running
from simulators.setup import Setup
from tests.simulators.halaxy_desk import DAYS, Desk, opened

EVENTS = (
    "patient.create", "patient.update", "appointment.create", "appointment.update",
    "appointment.delete",
)  # fmt: skip


@dataclass
class Listener:
    """Whoever has entered an address for a webhook."""

    statuses: list[int] = field(default_factory=list)  # to answer first; then 202
    heard: list[Request] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: Request) -> Reply:
        self.heard.append(request)
        return Reply(status=self.statuses.pop(0) if self.statuses else 202)

    def paths(self) -> list[str]:
        return [each.path for each in self.heard]


@contextmanager
def listening(desk: Desk, *statuses: int) -> Iterator[Listener]:
    """To every event, each at an address of its own."""
    listener = Listener(list(statuses))
    with running(listener) as url:
        for event in EVENTS:
            desk.control("POST", "webhooks", event=event, url=f"{url}/{event}")
        yield listener


@pytest.fixture
def desk() -> Iterator[Desk]:
    with opened(knobs=Knobs(webhook_wait_seconds=0.01)) as desk:
        yield desk


def settle(desk: Desk) -> list[dict[str, Any]]:
    assert desk.control("POST", "webhooks/settle")["settled"]
    return list(desk.control("GET", "webhooks")["deliveries"])


def somebody(desk: Desk) -> str:
    return str(next(row["id"] for row in desk.truth() if row["patients"]))


@pytest.mark.parametrize(
    ("action", "event"),
    [
        ({"action": "reschedule", "minutes": 5}, "appointment.update"),
        ({"action": "cancel"}, "appointment.update"),
        ({"action": "delete"}, "appointment.delete"),
        ({"action": "rename", "last": "Quillfeather"}, "patient.update"),
        ({"action": "phone", "phone": "0491 570 006"}, "patient.update"),
    ],
)
def test_what_staff_do_is_told_at_the_address_of_the_event(
    desk: Desk, action: dict[str, Any], event: str
) -> None:
    with listening(desk) as listener:
        desk.control("POST", f"appointments/{somebody(desk)}", **action)

        [delivery] = settle(desk)
        assert (delivery["event"], delivery["status"], delivery["attempts"]) == (event, 202, 1)
        assert listener.paths() == [f"/{event}"]


def test_a_booking_and_a_new_patient_are_told(desk: Desk) -> None:
    with listening(desk) as listener:
        desk.control("POST", "live", changes=60, seed=1)
        settle(desk)

        assert {"/appointment.create", "/patient.create"} <= set(listener.paths())


def test_the_body_is_a_history_bundle_that_does_not_name_the_action(desk: Desk) -> None:
    id_ = somebody(desk)
    with listening(desk) as listener:
        desk.control("POST", f"appointments/{id_}", action="delete")
        settle(desk)

    [request] = listener.heard
    body = json.loads(request.body)
    assert (body["resourceType"], body["type"]) == ("Bundle", "history")
    status = body["entry"][0]["resource"]
    assert status["resourceType"] == "SubscriptionStatus"
    assert status["topic"].startswith("SubscriptionTopic/")
    [event] = status["notificationEvent"]
    assert event.keys() == {"timestamp", "focus"}
    assert event["focus"] == {"reference": f"/main/Appointment/{id_}", "type": "Appointment"}
    assert b"delete" not in request.body


def test_a_fixed_header_goes_along_and_is_not_told_back(desk: Desk) -> None:
    with listening(desk) as listener:
        url = desk.control("GET", "webhooks")["webhooks"][-1]["url"]
        header = {"name": "X-Example-Auth", "value": "open-sesame"}
        told = desk.control("POST", "webhooks", event=EVENTS[-1], url=url, header=header)
        desk.control("POST", f"appointments/{somebody(desk)}", action="delete")
        settle(desk)

        assert listener.heard[0].headers["x-example-auth"] == "open-sesame"
        assert "open-sesame" not in json.dumps(told)
        assert len(told["webhooks"]) == len(EVENTS)


def test_a_refused_delivery_is_tried_again(desk: Desk) -> None:
    with listening(desk, 500, 204, 200):
        desk.control("POST", f"appointments/{somebody(desk)}", action="cancel")

        [delivery] = settle(desk)
        assert (delivery["attempts"], delivery["status"]) == (3, 200)


def test_a_delivery_is_given_up_after_its_retries(desk: Desk) -> None:
    desk.control("POST", "knobs", webhook_retries=1)
    with listening(desk, 500, 500, 500):
        desk.control("POST", f"appointments/{somebody(desk)}", action="cancel")

        [delivery] = settle(desk)
        assert (delivery["attempts"], delivery["status"]) == (2, 500)


def test_nobody_there_is_no_answer(desk: Desk) -> None:
    with listening(desk):
        pass
    desk.control("POST", f"appointments/{somebody(desk)}", action="cancel")

    [delivery] = settle(desk)
    assert (delivery["attempts"], delivery["status"]) == (4, None)


def test_deliveries_can_come_again_and_out_of_order(desk: Desk) -> None:
    with listening(desk) as listener:
        id_ = somebody(desk)
        desk.control("POST", f"appointments/{id_}", action="cancel")
        desk.control("POST", f"appointments/{id_}", action="delete")
        settle(desk)
        replayed = desk.control("POST", "webhooks/replay", count=2, backwards=True)
        settle(desk)

        assert replayed == {"replayed": 2}
        order = ["/appointment.update", "/appointment.delete"]
        assert listener.paths() == [*order, *reversed(order)]


def test_each_may_come_twice(desk: Desk) -> None:
    desk.control("POST", "knobs", webhook_copies=2)
    with listening(desk) as listener:
        desk.control("POST", f"appointments/{somebody(desk)}", action="cancel")
        settle(desk)

        assert len(listener.heard) == 2


@pytest.mark.parametrize(("fires", "count"), [(False, 0), (True, 1)])
def test_writes_through_the_api_are_told_only_if_so_set(
    desk: Desk, fires: bool, count: int
) -> None:
    desk.control("POST", "knobs", fires_for_api_writes=fires)
    with listening(desk) as listener:
        path = f"/main/Appointment/{somebody(desk)}"
        assert desk.http.patch(path, json={"description": "Ring"}).status_code == 200
        settle(desk)

        assert len(listener.heard) == count


def test_an_event_nobody_asked_for_is_not_told(desk: Desk) -> None:
    with listening(desk) as listener:
        desk.control("DELETE", "webhooks")
        desk.control("POST", f"appointments/{somebody(desk)}", action="cancel")

        assert settle(desk) == [] and listener.heard == []


def test_each_practice_group_has_webhooks_of_its_own() -> None:
    with opened(Setup(tenants=2, days=DAYS, limits=())) as desk, listening(desk) as listener:
        _, other = desk.simulator.clinics
        desk.control("POST", "live", tenant=other, changes=5)
        settle(desk)

        assert listener.heard == []


@pytest.mark.parametrize(
    "body",
    [
        {"event": "invoice.create", "url": "http://127.0.0.1:9/x"},
        {"event": "patient.create", "url": "file:///x"},
        {"event": "patient.create"},
        {"event": "patient.create", "url": "http://127.0.0.1:9/x", "tenant": "nobody"},
    ],
)
def test_a_webhook_that_makes_no_sense_is_refused(desk: Desk, body: dict[str, str]) -> None:
    reply = desk.http.post(f"{desk.url}/_sim/webhooks", json=body)

    assert reply.status_code == 400
