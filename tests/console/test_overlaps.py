"""What is done about overlapping visits, on the command line."""

import pytest

from tests.console.conftest import Shell, audit_rows

pytestmark = pytest.mark.integration


def test_overlaps_are_warned_of_until_somebody_chooses(shell: Shell) -> None:
    assert shell.answer("accounts", "overlaps", "default")["policy"] == "warn"

    found = shell.answer("accounts", "overlaps", "default", "--policy", "block")

    assert found == {"id": "default", "policy": "block", "clinicians": []}
    assert "block" in shell("accounts", "overlaps", "default").out


def test_what_is_chosen_is_audited(shell: Shell, database_url: str) -> None:
    shell.answer("accounts", "overlaps", "default", "--policy", "allow")

    (row,) = audit_rows(database_url, "account.overlaps")
    assert row.request_summary == "allow"
    assert row.user_id.startswith("cli:")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["default", "--policy", "forbid"], "There is no way 'forbid' to deal with overlaps"),
        (["default", "--clinician", "Dr Nobody=block"], "No column of the sheet is called"),
        (["nowhere"], "There is no account 'nowhere'"),
    ],
)
def test_what_cannot_be_chosen_is_refused_in_a_sentence(
    shell: Shell, arguments: list[str], complaint: str
) -> None:
    assert complaint in shell.complaint("accounts", "overlaps", *arguments)
