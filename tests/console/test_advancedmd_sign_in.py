"""An office at AdvancedMD, tested and signed in again: each login may bring it nearer to a lock."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import pytest

from console.simulators import Running
from tests.console.conftest import Shell

pytestmark = pytest.mark.integration

OPTIONS = ["--tenants", "1", "--practitioners", "2", "--appointments", "4", "--limit", "off"]
ZONE = "America/New_York"


@dataclass(frozen=True)
class Vendor:
    """The simulator, from beside."""

    url: str
    office: str

    def ask(self, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if body else None
        request = Request(f"{self.url}/_sim/{path}", data=data)  # noqa: S310 - this machine
        with urlopen(request) as answer:  # noqa: S310
            return json.loads(answer.read())

    @property
    def secrets(self) -> list[str]:
        held = self.ask(f"credentials?tenant={self.office}")
        return [part for name, value in held.items() for part in ("--secret", f"{name}={value}")]

    @property
    def asked(self) -> list[str]:
        told = self.ask(f"requests?tenant={self.office}")["requests"]
        return [one["query"].removeprefix("action=") for one in told]


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Running("advancedmd", [*OPTIONS, "--timezone", ZONE]) as said:
        vendor = Vendor(said["url"], said["tenants"][0]["tenantId"])
        vendor.ask("knobs", login_seconds=0)
        yield vendor


def connect(shell: Shell, vendor: Vendor, *options: str) -> Any:
    return shell.answer(
        "connections", "add", "advancedmd", "--site", vendor.office, "--base-url", vendor.url,
        *vendor.secrets, "--timezone", ZONE, "--map-all", "--all-appointments",
        *options,
    )  # fmt: skip


def test_tests_and_the_same_credentials_cost_no_login_while_a_session_lives(
    shell: Shell, vendor: Vendor
) -> None:
    added = connect(shell, vendor)
    before = vendor.asked.count("login")

    shell.answer("connections", "test", added["id"])
    shell.answer("connections", "reconnect", added["id"], *vendor.secrets)
    shell.answer("connections", "test", added["id"])

    assert vendor.asked.count("login") == before


def test_an_office_goes_by_the_name_of_its_place(shell: Shell, vendor: Vendor) -> None:
    connect(shell, vendor)

    listed = shell.answer("connections", "list")["connections"]

    assert sorted(listed[0]["name"].split(" and ")) == ["MAIN STREET", "RIVERSIDE"]


def test_a_locked_office_is_told_and_asked_nothing(shell: Shell, vendor: Vendor) -> None:
    added = connect(shell, vendor, "--no-test")
    vendor.ask(f"tenants/{vendor.office}", is_locked=True)
    shell("connections", "test", added["id"])
    before = vendor.asked

    told = shell.complaint("connections", "test", added["id"])

    assert "administrator must unlock it" in told
    again = f"connections reconnect {added['id'][:8]} --secret username=- --secret password=-"
    assert again in told
    assert again in shell("doctor").out and "CODE" not in shell("doctor").out
    assert vendor.asked == before
