"""The pretend Vapi keeps its document: keys, lists, changes, refusals and faults."""

from collections.abc import Iterator

import httpx
import pytest

from simulators.serving import running
from simulators.vapi import VapiSimulator
from tests.plain import NO_TLS

TOOL = {
    "type": "function",
    "function": {
        "name": "check-availability",
        "parameters": {"type": "object", "properties": {"date": {"type": "string"}}},
    },
    "server": {"url": "https://sync.example/vapi", "timeoutSeconds": 20},
}


@pytest.fixture
def vapi() -> Iterator[httpx.Client]:
    simulator = VapiSimulator()
    with running(simulator) as url:
        headers = {"Authorization": f"Bearer {simulator.shelf.key}"}
        with httpx.Client(base_url=url, headers=headers, verify=NO_TLS) as client:
            yield client


def test_a_tool_is_created_read_changed_and_deleted(vapi: httpx.Client) -> None:
    made = vapi.post("/tool", json=TOOL)
    assert made.status_code == 201
    path = f"/tool/{made.json()['id']}"

    changed = vapi.patch(path, json={"server": {"url": "https://other.example"}})
    assert changed.json()["server"] == {"url": "https://other.example"}
    assert changed.json()["updatedAt"] > made.json()["updatedAt"]
    assert vapi.get(path).json() == changed.json()
    assert vapi.delete(path).status_code == 200
    assert vapi.get(path).status_code == 404


def test_tools_are_listed_newest_first_and_by_pages(vapi: httpx.Client) -> None:
    ids = [vapi.post("/tool", json=TOOL).json()["id"] for _ in range(3)]

    page = vapi.get("/tool", params={"limit": 2}).json()
    rest = vapi.get("/tool", params={"createdAtLt": page[-1]["createdAt"]}).json()

    assert [one["id"] for one in [*page, *rest]] == ids[::-1]


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "x"},
        {"type": "dance"},
        {"function": {"name": "spaces are wrong"}},
        {"function": {"name": "a" * 65}},
        {"function": {"name": "a", "parameters": {"type": "array"}}},
        {"function": {"name": "a", "parameters": {"type": "object", "required": ["b"]}}},
        {"server": {"url": "https://a.example", "secret": "x"}},
        {"server": {"url": "https://a.example", "timeoutSeconds": 301}},
        {"server": {"url": "a.example"}},
        {"messages": [{"type": "request-response-delayed", "timingMilliseconds": 50}]},
        {"messages": [{"type": "jingle"}]},
        {"parameters": [{"key": "accountId"}]},
    ],
    ids=str,
)
def test_what_the_document_does_not_allow_is_refused(
    vapi: httpx.Client, changes: dict[str, object]
) -> None:
    answer = vapi.post("/tool", json={**TOOL, **changes})

    assert answer.status_code == 400
    assert isinstance(answer.json()["message"], list)


def test_the_type_of_a_tool_cannot_be_changed(vapi: httpx.Client) -> None:
    made = vapi.post("/tool", json=TOOL).json()

    assert vapi.patch(f"/tool/{made['id']}", json=TOOL).status_code == 400


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic x"])
def test_without_the_key_there_is_nothing(vapi: httpx.Client, header: str) -> None:
    assert vapi.get("/tool", headers={"Authorization": header}).status_code == 401


def test_a_call_is_controlled_without_a_key(vapi: httpx.Client) -> None:
    told = {"type": "transfer", "destination": {"type": "number", "number": "+12025550199"}}

    answer = vapi.post("/call-9/control", json=told, headers={"Authorization": ""})

    assert answer.status_code == 200
    assert vapi.get("/_sim/truth").json()["commands"] == [{"call": "call-9", **told}]


def test_faults_come_in_the_order_they_were_asked_for(vapi: httpx.Client) -> None:
    vapi.post("/_sim/faults", json={"next": ["500", "429", "lost"]})

    assert [vapi.get("/tool").status_code for _ in range(2)] == [500, 429]
    with pytest.raises(httpx.TransportError):
        vapi.post("/tool", json=TOOL)
    assert len(vapi.get("/tool").json()) == 1
    assert vapi.post("/_sim/faults", json={"next": ["hail"]}).status_code == 400


def test_what_is_no_json_or_no_route_is_refused(vapi: httpx.Client) -> None:
    assert vapi.post("/tool", content=b"{").status_code == 400
    assert vapi.get("/assistant").status_code == 404
