"""Accounts on the command line."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.own_rows import Entry, place
from adapters.storage.sheet.entries import EntrySeal
from domain.fields import Source
from domain.window import local_day
from infra import database
from infra.clock import system_clock
from infra.sealing import Keyring, Sealer
from producers.days import todays_date
from tests.console.conftest import Shell, audit_rows

pytestmark = pytest.mark.integration

PRACTICE = text(
    """
    INSERT INTO pms_connections
      (account_id, connector, pms_type, site, display_name, timezone, state, created_at)
    VALUES ('default', 'gentu', 'gentu', :zone || :at, :zone, :zone, 'ACTIVE',
            now() + make_interval(secs => :at))
    """
)

KEY = "0123456789abcdef" * 4


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


def test_an_accounts_zone_says_which_day_its_sheet_opens_at(
    shell: Shell, database_url: str
) -> None:
    """Of these two it is never the same day at once."""
    days = {}
    for timezone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        before = local_day(system_clock(), timezone)
        changed = shell.answer("accounts", "set", "default", "--timezone", timezone)
        engine = database.engine(database_url, application_name="tests")
        with database.transaction(engine, account_id="default") as db:
            days[timezone] = todays_date(db, system_clock())
        engine.dispose()
        assert changed == {"id": "default", "timezone": timezone}
        assert days[timezone] in {before, local_day(system_clock(), timezone)}

    assert days["Pacific/Kiritimati"] > days["Pacific/Pago_Pago"]
    assert shell.answer("accounts", "list")["accounts"][0]["timezone"] == "Pacific/Pago_Pago"
    assert len(audit_rows(database_url, "account.changed")) == 2


def test_what_was_typed_in_before_stays_on_its_day_when_the_zone_changes(
    shell: Shell, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half past midnight in Melbourne is the day before in Perth."""
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    start = datetime(2026, 6, 1, 14, 30, tzinfo=UTC)
    values = {"start": start, "patient_name": "Ann Example"}
    entry = Entry(source=Source.MANUAL, timezone="Australia/Melbourne", values=values)
    seal = EntrySeal(Sealer(Keyring.from_hex(KEY)), account_id="default")
    hand = Hand(account_id="default", by="ann", at=system_clock(), access=Access(user="ann"))
    engine = database.engine(database_url, application_name="tests")
    with database.transaction(engine, account_id="default") as db:
        place(db, seal, [entry], hand=hand)
    engine.dispose()

    shell.answer("accounts", "set", "default", "--timezone", "Australia/Perth")

    (row,) = shell.answer("run-sheet", "--date", "2026-06-02")["appointments"]
    assert (row["start"], row["timezone"]) == ("2026-06-01T14:30:00Z", "Australia/Melbourne")


def test_the_sheet_is_of_the_day_most_practices_have(shell: Shell, database_url: str) -> None:
    """Twenty-five hours lie between them: it is never the same day at both."""
    most, fewest = "Pacific/Kiritimati", "Pacific/Pago_Pago"
    rows = [{"at": at, "zone": one} for at, one in enumerate((fewest, most, most))]
    engine = create_engine(database_url)
    with engine.begin() as db:
        db.execute(PRACTICE, rows)
    engine.dispose()

    said = shell("run-sheet").out

    assert f"{system_clock().astimezone(ZoneInfo(most)):%A %d %B %Y}: 0 appointments" in said


def test_the_new_clock_is_said_in_words(shell: Shell) -> None:
    said = shell("accounts", "set", "default", "--timezone", "Australia/Perth").out

    assert "keeps Australia/Perth now, where today is" in said
    assert "is changed" in shell("accounts", "set", "default", "--name", "North").out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["default"], "Give what to change"),
        (["default", "--timezone", "Perth"], "'Perth' is not a time zone"),
        (["default", "--name", " "], "give one line of text"),
        (["nowhere", "--timezone", "Australia/Perth"], "There is no account 'nowhere'"),
    ],
)
def test_what_cannot_be_set_of_an_account_is_refused_in_a_sentence(
    shell: Shell, arguments: list[str], complaint: str
) -> None:
    assert complaint in shell.complaint("accounts", "set", *arguments)


def test_numbers_of_an_account_that_is_there_are_set_and_taken_away(shell: Shell) -> None:
    shell.answer("accounts", "add", "Other", "--id", "other", "--phone", "+12025550111")
    numbers = ("--phone", "+12025550100", "--transfer-to", "+12025550199")

    shell.answer("accounts", "set", "default", *numbers)
    shell.answer("accounts", "set", "default", "--vapi-number-id", "num-1", "--transfer-to", "")
    [held] = [one for one in shell.answer("accounts", "list")["accounts"] if one["id"] == "default"]

    assert (held["phones"], held["vapi_number_ids"]) == (["+12025550100"], ["num-1"])
    assert held["transfer_to"] == []
    taken = shell.complaint("accounts", "set", "default", "--phone", "+12025550111")
    assert "leads to account 'other' already" in taken
    assert "international" in shell.complaint("accounts", "set", "default", "--phone", "911")


def test_a_feature_is_switched_for_one_account_and_audited(shell: Shell, database_url: str) -> None:
    shell.answer("accounts", "add", "Pilot")

    before = shell.answer("accounts", "features", "pilot")
    shell.answer("accounts", "features", "pilot", "--disable", "voice_booking")
    after = shell.answer("accounts", "features", "pilot", "--enable", "sheet_pushes")

    assert before["id"] == "pilot"
    assert before["features"] == {
        "voice_booking": True,
        "sheet_pushes": True,
        "patient_cache": False,
        "reference_cache": False,
    }
    assert after["features"] == {**before["features"], "voice_booking": False}
    assert shell.answer("accounts", "features", "default")["features"]["voice_booking"] is True
    assert [
        (row.account_id, row.request_summary)
        for row in audit_rows(database_url, "account.features")
    ] == [("pilot", "voice_booking off"), ("pilot", "sheet_pushes on")]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["default", "--enable", "flying"],
            "There is no feature 'flying'; there are voice_booking",
        ),
        (["nobody"], "There is no account 'nobody'"),
        (
            ["default", "--enable", "voice_booking", "--disable", "voice_booking"],
            "on or off, not both",
        ),
    ],
)
def test_a_switch_that_cannot_be_is_refused(
    shell: Shell, arguments: list[str], complaint: str
) -> None:
    assert complaint in shell.complaint("accounts", "features", *arguments)
