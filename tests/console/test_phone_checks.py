"""What the doctor says of the phone, where a practice serves callers and where none does."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.console.conftest import Shell
from tests.console.test_vapi import colleague, dentist, sikka

__all__ = ["colleague", "dentist", "sikka"]


def found(shell: Shell) -> Mapping[str, Any]:
    checks = shell.answer("doctor")["checks"]
    return {one["what"].partition(" ")[0]: one for one in checks}


def test_without_a_practice_that_serves_callers_nothing_of_the_phone_is_missed(
    shell: Shell,
) -> None:
    checks = found(shell)

    assert checks["vapi"]["verdict"] == "ok"
    assert not {"twilio", "account", "hours"} & checks.keys()


def test_the_doctor_names_what_callers_would_miss(
    shell: Shell, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("dentist")

    checks = found(shell)

    assert "VAPI_WEBHOOK_SECRET" in checks["vapi"]["told"]
    assert "/deliveries" in checks["twilio"]["told"]
    assert "--transfer-to" in checks["account"]["told"]
    assert "opening_hours" in checks["hours"]["told"]
    assert {checks[one]["verdict"] for one in ("vapi", "twilio", "account", "hours")} == {"warning"}


def test_the_doctor_says_by_what_calls_are_believed(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAPI_AUTH", '{"type": "hmac", "secretKey": "made up"}')

    told = found(shell)["vapi"]["told"]

    assert told == "believed by a signature in x-signature (sha256)"


def test_the_doctor_names_practices_without_numbers_of_their_own(
    shell: Shell, dentist: str, colleague: str
) -> None:
    shell.answer("connections", "set", dentist, "phone_numbers=+1 202 555 0100")

    (told,) = [one for one in shell.answer("doctor")["checks"] if "numbers" in one["what"]]

    assert told["told"].startswith("Second Dental has no telephone numbers of its own")
    assert colleague.startswith(told["what"].partition(" ")[2])
