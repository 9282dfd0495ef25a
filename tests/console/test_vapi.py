"""`pms-sync vapi`: the tools of an account's practice, shown and put into Vapi."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from console.simulators import Running
from console.truth import Simulator
from simulators.serving import running
from simulators.vapi import VapiSimulator
from tests.console.conftest import Shell

USUAL = [
    "search-patients",
    "get-patient-info",
    "check-availability",
    "book-appointment",
    "reschedule-appointment",
    "cancel-appointment",
    "create-patient",
    "transfer-to-human",
]


@pytest.fixture(scope="module")
def sikka() -> Iterator[Mapping[str, Any]]:
    options = ["--seed", "11", "--tenants", "2", "--appointments", "5", "--limit", "off"]
    with Running("sikka", options) as said:
        yield said


@pytest.fixture
def dentist(sikka: Mapping[str, Any], shell: Shell, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a connection to a practice that can be booked into."""
    monkeypatch.setenv("SIKKA_APP_ID", sikka["app_id"])
    monkeypatch.setenv("SIKKA_APP_KEY", sikka["app_key"])
    return added(shell, sikka, "Example Dental", sikka["tenants"][0]["tenantId"])


@pytest.fixture
def colleague(sikka: Mapping[str, Any], shell: Shell, dentist: str) -> str:
    """The id of a connection to another practice of the same account, made later."""
    assert dentist
    return added(shell, sikka, "Second Dental", sikka["tenants"][1]["tenantId"])


def added(shell: Shell, sikka: Mapping[str, Any], name: str, site: str) -> str:
    secrets = Simulator(sikka["url"]).credentials(site)
    made = shell.answer(
        *("connections", "add", "sikka", "--name", name, "--site", site),
        *("--base-url", sikka["base_url"], "--map-all", "--all-appointments"),
        *("--secret", f"office_id={secrets['office_id']}"),
        *("--secret", f"secret_key={secrets['secret_key']}"),
    )
    return str(made["id"])


@pytest.fixture
def vapi(monkeypatch: pytest.MonkeyPatch) -> Iterator[VapiSimulator]:
    simulator = VapiSimulator()
    with running(simulator) as url:
        monkeypatch.setenv("VAPI_BASE_URL", url)
        monkeypatch.setenv("VAPI_API_KEY", simulator.shelf.key)
        yield simulator


def test_the_tools_of_a_practice_are_those_its_desk_can_do(shell: Shell, dentist: str) -> None:
    told = shell.answer("vapi", "tools")["tools"]

    assert [one["function"]["name"] for one in told] == USUAL
    assert {one["parameters"][0]["value"] for one in told} == {"default"}
    assert told[0]["server"]["url"].endswith("/vapi/tools/search-patients")
    assert "book-appointment" in shell("vapi", "tools").out


def test_a_push_is_repeated_without_effect(shell: Shell, dentist: str, vapi: VapiSimulator) -> None:
    first = shell.answer("vapi", "tools", "--push")["tools"]
    second = shell.answer("vapi", "tools", "--push")["tools"]

    assert [one["outcome"] for one in first] == ["created"] * len(USUAL)
    assert [one["outcome"] for one in second] == ["unchanged"] * len(USUAL)
    assert [one["id"] for one in first] == [one["id"] for one in second]
    assert "unchanged" in shell("vapi", "tools", "--push").out


def test_the_assistant_is_shown_whole_or_only_its_addition(shell: Shell, dentist: str) -> None:
    made = shell.answer("vapi", "assistant", "--credential", "cred-9")

    assert made["name"] == "Dental Receptionist"
    assert made["server"]["credentialId"] == "cred-9"
    prompt = made["model"]["messages"][0]["content"]
    assert "Example Dental" in prompt
    assert shell.answer("vapi", "assistant", "--addition")["prompt"] in prompt
    assert "search-patients" in shell("vapi", "assistant").out


def test_what_keeps_a_push_from_working_is_said(
    shell: Shell, dentist: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "VAPI_API_KEY is not set" in shell.complaint("vapi", "tools", "--push")

    monkeypatch.setenv("VAPI_API_KEY", "a-key")
    assert "set APP_BASE_URL" in shell.complaint("vapi", "tools", "--push")


def test_an_account_without_a_desk_is_told_what_to_connect(shell: Shell) -> None:
    assert "no active connection that can serve calls" in shell.complaint("vapi", "tools")


def test_it_is_said_which_practice_answers_and_what_its_callers_would_miss(
    shell: Shell, dentist: str
) -> None:
    ran = shell("vapi", "tools")
    shell.answer(
        *("connections", "set", dentist, 'opening_hours={"mon": [["08:00", "17:00"]]}'),
        *("phone_numbers=+12025550100",),
    )
    after = shell("vapi", "assistant")

    assert "Example Dental answers." in ran.err
    assert "no opening hours" in ran.err and "no opening hours" not in after.err


def test_what_callers_of_another_practice_can_have_is_shown_by_its_id(
    shell: Shell, colleague: str
) -> None:
    first, named = shell("vapi", "tools"), shell("vapi", "tools", "--connection", colleague)

    assert "Example Dental answers." in first.err and "Second Dental" in first.err
    assert "Second Dental answers." in named.err


def test_a_practice_that_is_paused_serves_no_callers(shell: Shell, colleague: str) -> None:
    shell.answer("connections", "pause", colleague)

    said = shell.complaint("vapi", "assistant", "--connection", colleague)

    assert said == "This connection cannot serve calls; choose another, or resume it."
