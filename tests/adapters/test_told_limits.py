"""What an operator may say of a vendor's limits, and whose clock its requests then pass."""

from dataclasses import replace
from uuid import UUID

import pytest
from pydantic import SecretStr

from adapters import pms
from adapters.rest.budgets import budgets
from adapters.told_limits import told_limits
from domain.connections import Connection
from domain.errors import BadInput
from domain.limits import Limit

ONE = Connection(
    id=UUID(int=1),
    account_id="default",
    vendor="gentu",
    site="tenant-1",
    timezone="Australia/Melbourne",
)
OTHER = replace(ONE, id=UUID(int=2), site="tenant-2")
SECRETS = {"client_id": "one for all", "client_secret": "invented"}


def said(**values: str) -> dict[str, dict[str, SecretStr]]:
    return {"gentu": {name: SecretStr(value) for name, value in values.items()}}


def keys(connection: Connection, **values: str) -> set[str]:
    """The clocks that a request of the connection passes."""
    with pms.instead(told_limits(said(**values))):
        vendor = pms.vendor("gentu")
        auth = vendor.auth_by(SECRETS)
        assert auth is not None
        found = budgets(vendor, ["default"], connection, auth=auth, secrets=SECRETS)
    return {one.bucket for one in found}


def test_an_application_s_allowance_is_shared_and_a_practice_s_is_not() -> None:
    assert keys(ONE) == keys(OTHER) == keys(ONE, limited_per="application")
    assert not keys(ONE, limited_per="practice") & keys(OTHER, limited_per="practice")


@pytest.mark.parametrize("before", ["application", "practice"])
def test_with_both_every_request_passes_each_clock_that_older_processes_keep(before: str) -> None:
    for connection in (ONE, OTHER):
        assert keys(connection, limited_per=before) < keys(connection, limited_per="both")


def test_limits_are_those_that_were_told_for_as_long_as_the_process_runs() -> None:
    written = pms.vendor("gentu").limits["default"]
    with pms.instead(told_limits(said(limits="30/60, 500/3600"))):
        told = pms.vendor("gentu").limits["default"]

    assert told == (Limit(30, 60), Limit(500, 3600))
    assert pms.vendor("gentu").limits["default"] == written


@pytest.mark.parametrize(
    ("vendor", "values", "sentence"),
    [
        ("gentu", {"limits": "sixty"}, "GENTU_LIMITS: write requests/seconds"),
        ("gentu", {"limits": "0/60"}, "GENTU_LIMITS: write requests/seconds"),
        ("gentu", {"limits": "9000/604800"}, "GENTU_LIMITS: 604800 seconds are more than a day"),
        ("gentu", {"limits": "60/60, 30/60"}, "GENTU_LIMITS: two limits are for 60 seconds"),
        ("gentu", {"limited_per": "office"}, "GENTU_LIMITED_PER: choose application, practice"),
        ("halaxy", {"limits": "60/60"}, "Halaxy says itself what it allows"),
        ("advancedmd", {"limited_per": "practice"}, "AdvancedMD says itself what it allows"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(
    vendor: str, values: dict[str, str], sentence: str
) -> None:
    given = {vendor: said(**values)["gentu"]}

    with pytest.raises(BadInput, match=sentence):
        told_limits(given)


def test_all_that_is_wrong_is_told_at_once() -> None:
    given = {"gentu": said(limits="sixty")["gentu"], "halaxy": said(limits="60/60")["gentu"]}

    with pytest.raises(BadInput) as refused:
        told_limits(given)

    first, second = str(refused.value).splitlines()
    assert first.startswith("GENTU_LIMITS") and second.startswith("HALAXY_LIMITS")
