"""Accounts on the command line."""

import pytest

from tests.console.conftest import Shell

pytestmark = pytest.mark.integration


def test_one_account_is_always_there(shell: Shell) -> None:
    accounts = shell.answer("accounts", "list")["accounts"]

    assert [one["id"] for one in accounts] == ["default"]


def test_an_account_is_added_with_its_numbers(shell: Shell) -> None:
    numbers = (
        "--phone",
        "+61391234567",
        "--vapi-number-id",
        "pn-1",
        "--transfer-to",
        "+61391110000",
    )
    added = shell.answer("accounts", "add", "North Side", "--timezone", "Australia/Perth", *numbers)

    assert added == {"id": "north-side"}
    assert shell.answer("accounts", "list")["accounts"][1] == {
        "id": "north-side",
        "name": "North Side",
        "timezone": "Australia/Perth",
        "vapi_number_ids": ["pn-1"],
        "phones": ["+61391234567"],
        "transfer_to": ["+61391110000"],
        "connections": 0,
    }


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["North", "--timezone", "Mars/Base"], "'Mars/Base' is not a time zone"),
        (["North", "--phone", "0391234567"], "is not an international number"),
        (["North", "--id", "No Good"], "cannot be an account id"),
        (["Again", "--id", "default"], "There is an account 'default' already"),
        (["!!!"], "give one with --id"),
    ],
)
def test_what_cannot_be_an_account_is_refused_in_a_sentence(
    shell: Shell, arguments: list[str], complaint: str
) -> None:
    assert complaint in shell.complaint("accounts", "add", *arguments)


def test_a_called_number_leads_to_one_account_only(shell: Shell) -> None:
    shell.answer("accounts", "add", "North", "--phone", "+61391234567")

    complaint = shell.complaint("accounts", "add", "South", "--phone", "+61391234567")

    assert "leads to account 'north' already" in complaint
