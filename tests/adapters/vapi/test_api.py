"""Tools are put into Vapi once, changed where they differ, and nobody's is ever taken away."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from adapters.vapi.api import VapiApi
from adapters.vapi.definitions import DEFINITIONS, Line, tool_json
from domain.errors import BrokenContract, NeedsReconnect, Refused, SyncError, Throttled, Transient
from infra.http import Client
from simulators.serving import running
from simulators.vapi import VapiSimulator
from tests.plain import NO_TLS

TOOLS = [
    tool_json(one, Line(account_id="acc-1", base_url="https://sync.example")) for one in DEFINITIONS
]


class Org:
    """An organisation at the simulator."""

    def __init__(self, url: str, simulator: VapiSimulator, client: Client) -> None:
        self.simulator = simulator
        self.url = url
        self.client = client
        self.api = VapiApi(client=client, key=simulator.shelf.key, base_url=url)

    def outcomes(self, tools: list[dict[str, object]] | None = None) -> set[str]:
        return {one.outcome for one in self.api.push(TOOLS if tools is None else tools)}

    def breaks(self, *faults: str) -> None:
        httpx.post(
            f"{self.url}/_sim/faults", json={"next": faults}, verify=NO_TLS
        ).raise_for_status()


@pytest.fixture
def org() -> Iterator[Org]:
    simulator = VapiSimulator()
    with running(simulator) as url:
        host = str(urlsplit(url).hostname)
        with Client({host}, "tests", allow_loopback_http=True) as client:
            yield Org(url, simulator, client)


def test_a_push_creates_what_is_missing_and_a_second_changes_nothing(org: Org) -> None:
    assert org.outcomes() == {"created"}
    kept = json.dumps(org.simulator.shelf.kept)

    assert org.outcomes() == {"unchanged"}
    assert json.dumps(org.simulator.shelf.kept) == kept
    assert len(org.simulator.shelf.kept) == len(TOOLS)


def test_a_tool_that_differs_is_changed_and_keeps_its_id(org: Org) -> None:
    before = org.api.push(TOOLS)[0]
    line = Line(account_id="acc-1", base_url="https://elsewhere.example", credential_id="c")
    moved = tool_json(DEFINITIONS[0], line)

    after = org.api.push([moved])[0]

    assert (after.outcome, after.id) == ("updated", before.id)
    assert org.simulator.shelf.kept[after.id]["server"]["credentialId"] == "c"
    assert org.outcomes([moved]) == {"unchanged"}


def test_defaults_that_vapi_adds_are_no_difference(org: Org) -> None:
    pushed = org.api.push(TOOLS)
    for one in pushed:
        kept = org.simulator.shelf.kept[one.id]
        kept |= {"async": False, "server": {**kept["server"], "headers": {}}}

    assert org.outcomes() == {"unchanged"}


def test_tools_of_others_and_of_other_accounts_are_left_alone(org: Org) -> None:
    foreign = {"type": "function", "function": {"name": "check-the-weather"}}
    other = tool_json(DEFINITIONS[0], Line(account_id="acc-2", base_url="https://sync.example"))
    untouched = [org.simulator.shelf.add(one) for one in (foreign, other)]

    org.outcomes()

    assert [org.simulator.shelf.kept[str(one["id"])] for one in untouched] == untouched
    assert len(org.simulator.shelf.kept) == len(TOOLS) + 2


def test_a_tool_made_by_hand_is_taken_over(org: Org) -> None:
    by_hand = {"type": "function", "function": {"name": "searchPatients"}}
    made = org.simulator.shelf.add(by_hand)

    pushed = org.api.push(TOOLS[:1])[0]

    assert (pushed.outcome, pushed.id) == ("updated", made["id"])


def test_more_tools_than_one_page_holds_are_all_seen(org: Org) -> None:
    org.outcomes()
    for number in range(1100):
        org.simulator.shelf.add({"type": "function", "function": {"name": f"other-{number}"}})

    assert org.outcomes() == {"unchanged"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [("401", NeedsReconnect), ("429", Throttled), ("503", Transient), ("500", Transient)],
)
def test_trouble_is_named_for_what_happens_next(
    org: Org, fault: str, error: type[SyncError]
) -> None:
    org.breaks(fault)

    with pytest.raises(error):
        org.api.push(TOOLS)


@pytest.mark.parametrize("listed", [{}, ["a tool"]])
def test_a_list_that_is_none_is_not_taken_for_an_empty_one(listed: object) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=listed)

    client = Client({"api.vapi.ai"}, "tests", transport=httpx.MockTransport(answer))
    with client, pytest.raises(BrokenContract, match="no list"):
        VapiApi(client=client, key="k").tools()


def test_an_answer_that_was_lost_makes_no_second_tool(org: Org) -> None:
    org.breaks("lost")
    with pytest.raises(Transient):
        org.api.push(TOOLS[:1])
    assert org.outcomes(TOOLS[:1]) == {"created"}

    changed = tool_json(DEFINITIONS[1], Line(account_id="acc-1", base_url="https://sync.example"))
    org.api.tools()
    org.breaks()
    assert org.outcomes([changed]) == {"created"}
    assert org.outcomes([changed]) == {"unchanged"}


def test_a_wrong_key_is_said_without_quoting_it(org: Org) -> None:
    wrong = VapiApi(client=org.client, key="not-the-key", base_url=org.url)

    with pytest.raises(NeedsReconnect, match="VAPI_API_KEY") as refused:
        wrong.tools()

    assert "not-the-key" not in str(refused.value)


def test_what_vapi_refuses_is_refused(org: Org) -> None:
    with pytest.raises(Refused, match="400"):
        org.api.push([{**TOOLS[0], "server": {"url": "ftp://x"}}])
