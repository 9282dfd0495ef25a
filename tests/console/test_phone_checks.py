"""What the doctor says of the phone, where a practice serves callers and where none does."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.console.conftest import Shell
from tests.console.test_vapi import dentist, sikka

__all__ = ["dentist", "sikka"]


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
