"""A call is passed on by Vapi's control address and by no other."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from adapters.vapi.controlling import LiveCallControl
from infra.http import Client
from simulators.serving import running
from simulators.vapi import VapiSimulator

HUMAN = "+12025550199"


class Posted:
    """A client that notes where it would post to."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.urls: list[str] = []

    def __call__(self, host: str) -> Client:
        return Client({host}, "tests", transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.urls.append(str(request.url))
        return httpx.Response(self.status, json={})


@pytest.mark.parametrize(
    "url",
    [
        "https://api.vapi.ai/call/1/control",
        "https://phone-call-websocket.aws-us-west-2.vapi.ai/1/control",
        "https://VAPI.AI:443/1/control",
    ],
)
def test_vapis_own_hosts_are_asked(url: str) -> None:
    posted = Posted()

    assert LiveCallControl(opens=posted).transfer(url, HUMAN)
    assert len(posted.urls) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://api.vapi.ai/call/1/control",
        "https://vapi.ai.evil.example/control",
        "https://evilvapi.ai/control",
        "https://api.vapi.ai@evil.example/control",
        "https://user:word@api.vapi.ai/control",
        "https://api.vapi.ai:8443/control",
        "https://127.0.0.1/control",
        "http://169.254.169.254/latest/meta-data",
        "https://[::1/control",
        "https://api.vapi.ai:port/control",
        "file:///etc/passwd",
        "",
        "not a url",
    ],
)
def test_no_other_address_is_asked(url: str) -> None:
    posted = Posted()

    assert not LiveCallControl(opens=posted).transfer(url, HUMAN)
    assert posted.urls == []


def test_a_refusal_is_no_transfer() -> None:
    posted = Posted(status=410)

    assert not LiveCallControl(opens=posted).transfer("https://api.vapi.ai/1/control", HUMAN)


@pytest.fixture
def vapi() -> Iterator[tuple[str, VapiSimulator]]:
    simulator = VapiSimulator()
    with running(simulator) as url:
        yield url, simulator


def test_the_configured_address_is_asked_too(vapi: tuple[str, VapiSimulator]) -> None:
    url, simulator = vapi
    control = LiveCallControl(url)

    assert control.transfer(f"{url}/call-1/control", HUMAN)

    told: dict[str, Any] = simulator.commands[0]
    assert told == {
        "call": "call-1",
        "type": "transfer",
        "destination": {"type": "number", "number": HUMAN},
        "content": "I am connecting you now.",
    }


def test_in_production_this_machine_is_not_asked(vapi: tuple[str, VapiSimulator]) -> None:
    url, simulator = vapi

    assert not LiveCallControl(url, is_production=True).transfer(f"{url}/c/control", HUMAN)
    assert simulator.commands == []
