"""Offices that wait for their account, at the terminal of an operator."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text

from tests.console.conftest import Shell, audit_rows

pytestmark = pytest.mark.integration

APP_ID = "invented-application-id"


@pytest.fixture
def waiting(shell: Shell, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Two accounts, and an office that nobody has claimed."""
    monkeypatch.setenv("SIKKA_APP_ID", APP_ID)
    monkeypatch.setenv("SIKKA_APP_KEY", "invented-application-key")
    shell.answer("accounts", "add", "Northgate Group")
    engine = create_engine(database_url)
    with engine.begin() as db:
        db.execute(
            text(
                "INSERT INTO pms_authorisations (vendor, office_id, practice_name, pms_type)"
                " VALUES ('sikka', 'D90001', 'Northgate Dental', 'Dentrix')"
            )
        )
    yield engine
    engine.dispose()


def test_an_office_is_listed_with_its_code_and_claimed_for_an_account(
    shell: Shell, waiting: Engine, database_url: str
) -> None:
    (found,) = shell.answer("authorisations", "list")["authorisations"]
    shown = shell("authorisations", "list").out

    claimed = shell.answer("authorisations", "claim", "d90001", "--account", "northgate-group")

    assert (found["office_id"], found["state"], len(found["code"])) == ("D90001", "pending", 9)
    assert "Northgate Dental" in shown and found["code"] in shown
    assert claimed["account"] == "northgate-group"
    (after,) = shell.answer("authorisations", "list")["authorisations"]
    assert (after["state"], after["account_id"], after["code"]) == (
        "claimed",
        "northgate-group",
        None,
    )
    assert len(audit_rows(database_url, "authorisation.claimed")) == 1


def test_a_refused_office_waits_no_more(shell: Shell, waiting: Engine) -> None:
    shell.answer("authorisations", "refuse", "D90001")

    assert shell.answer("authorisations", "list")["authorisations"] == []
    assert shell("authorisations", "list").out.strip() == "No office waits."
    (row,) = shell.answer("authorisations", "list", "--all")["authorisations"]
    assert row["state"] == "refused"


def test_a_claim_says_whose_it_is(shell: Shell, waiting: Engine) -> None:
    for arguments, said in (
        (("D90001",), "one of --account and --code"),
        (("D90001", "--account", "nobody"), "There is no account 'nobody'"),
        (("D90001", "--code", "2345-6789"), "unknown, used already"),
        (("D1", "--account", "default"), "No office D1 waits"),
    ):
        assert said in shell.complaint("authorisations", "claim", *arguments)


def test_a_link_carries_the_application_and_a_state(shell: Shell, waiting: Engine) -> None:
    told = shell.answer("sikka", "link", "--account", "northgate-group")

    assert f"app_id={APP_ID}" in told["url"] and "state=" in told["url"]
    with waiting.begin() as db:
        made = db.execute(text("SELECT account_id, kind FROM authorisation_states")).one()
    assert tuple(made) == ("northgate-group", "state")


def test_asking_sikka_now_is_one_job(shell: Shell, waiting: Engine) -> None:
    first = shell.answer("authorisations", "reconcile")
    second = shell.answer("authorisations", "reconcile")

    assert first == second
