"""Connecting a practice from the command line, and what a person decides about it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import redis

from adapters.storage.by_hand.own_rows import Entry, place
from console.auditing import hand_for
from console.simulators import Running
from console.truth import Simulator
from console.wiring import wired
from domain.fields import Source
from infra.database import transaction
from tests.console.conftest import Clinic, Shell, audit_rows, stored

pytestmark = pytest.mark.integration


def test_adding_asks_the_pms_and_keeps_what_it_says(shell: Shell, connected: str) -> None:
    [held] = shell.answer("connections", "list")["connections"]

    assert held["id"] == connected
    assert held["state"] == "ACTIVE"
    assert held["timezone"] == "Australia/Melbourne"
    assert held["name"].startswith("Example Practice")
    assert held["telehealth_only"] is False


def test_only_the_reference_of_a_secret_is_in_the_database(
    shell: Shell, connected: str, database_url: str
) -> None:
    reference = stored(database_url, "SELECT secret_ref FROM pms_connections")

    assert reference == f"parlae/pms/gentu/default/{connected}"


def test_wrong_credentials_leave_nothing_behind(
    shell: Shell, clinic: Clinic, database_url: str
) -> None:
    wrong = [one.replace("client_secret=", "client_secret=not-") for one in clinic.options]

    complaint = shell.complaint("connections", "add", "gentu", "--site", clinic.site, *wrong)

    assert complaint.startswith("Connection failed. Please check your credentials.")
    assert stored(database_url, "SELECT count(*) FROM pms_connections") == 0
    assert "not-" not in complaint


def test_a_secret_may_come_from_standard_input(
    shell: Shell, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = clinic.options[-1].partition("=")[2]
    monkeypatch.setattr("sys.stdin", StringIO(secret + "\n"))
    options = [*clinic.options[:-1], "client_secret=-"]

    added = shell.answer("connections", "add", "gentu", "--site", clinic.site, *options)

    assert set(added) == {"id"}


def test_a_secret_may_come_from_the_environment(
    shell: Shell, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMS_SYNC_SECRET_CLIENT_SECRET", clinic.options[-1].partition("=")[2])

    added = shell.answer("connections", "add", "gentu", "--site", clinic.site, *clinic.options[:-2])

    assert set(added) == {"id"}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["nosuch"], "'nosuch' is no PMS we know"),
        (["kolla"], "Kolla is coming soon"),
        (["open_dental"], "Open Dental is reached through Sikka: connect 'sikka' instead"),
        (["CUSTOM"], "needs an adapter of its own"),
        (["gentu", "--site", "x", "--timezone", "Nowhere"], "'Nowhere' is not a time zone"),
        (["gentu", "--site", "x"], "also needs client_id"),
        (["gentu", "--site", "x", "--secret", "password=hunter2"], "has no secret 'password'"),
        (["gentu", "--site", "x", "--secret", "hunter2"], "--secret takes key=value"),
        (["gentu", "--site", "x", "--set", "colour=red"], "has no setting 'colour'"),
        (["gentu", "--site", "x", "--set", "default_minutes=soon"], "is a number of minutes"),
        (
            ["gentu", "--site", "x", "--no-test"],
            "give it with --timezone",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    shell: Shell, options: list[str], complaint: str
) -> None:
    said = shell.complaint("connections", "add", *options)

    assert complaint in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "url", ["http://pms.example.com/v1", "ftp://127.0.0.1/", "https://u:p@example.com", "nonsense"]
)
def test_secrets_do_not_travel_to_a_doubtful_address(
    shell: Shell, clinic: Clinic, url: str
) -> None:
    options = [*clinic.options[2:], "--base-url", url]

    assert "--base-url" in shell.complaint(
        "connections", "add", "gentu", "--site", clinic.site, *options
    )


def test_the_same_practice_is_connected_once(shell: Shell, clinic: Clinic, connected: str) -> None:
    complaint = shell.complaint(
        "connections", "add", "gentu", "--site", clinic.site, *clinic.options
    )

    assert "already has a gentu connection" in complaint


def test_a_practice_is_paired_with_its_code(shell: Shell, clinic: Clinic) -> None:
    code = clinic.simulator.pairing_code(clinic.site).lower()
    app_id = clinic.simulator.credentials(clinic.site)["app_id"]
    options = (*clinic.options, "--set", f"app_id={app_id}")
    waiting = shell.answer("connections", "add", "gentu", *options)

    too_short = shell.complaint("connections", "pair", waiting["id"], code[:7])
    paired = shell.answer("connections", "pair", waiting["id"], f"{code[:4]}-{code[4:]}")

    assert too_short.startswith("A pairing code has 8 letters and digits.")
    assert paired["site"] == clinic.site
    assert paired["timezone"] == "Australia/Melbourne"
    assert shell.answer("connections", "list")["connections"][0]["state"] == "ACTIVE"


def test_a_connection_is_tested(shell: Shell, connected: str) -> None:
    tested = shell.answer("connections", "test", connected)

    assert tested["valid"] is True
    assert tested["message"] == "Connection successful."
    assert tested["practitioners"] == 3


def test_a_connection_is_paused_resumed_and_removed(shell: Shell, connected: str) -> None:
    start = connected[:8]

    assert shell.answer("connections", "pause", start) == {"id": connected, "state": "INACTIVE"}
    assert "is paused" in shell.complaint("sync", start, "--here")
    assert shell.answer("connections", "resume", start) == {"id": connected, "state": "ACTIVE"}
    assert shell.answer("connections", "remove", start, "--forget-secrets")["id"] == connected
    assert shell.answer("connections", "list") == {"connections": []}


def test_what_is_done_to_a_connection_is_audited(
    shell: Shell, connected: str, database_url: str
) -> None:
    for command in ("pause", "resume", "reconnect", "remove"):
        shell.answer("connections", command, connected)

    rows = audit_rows(database_url, "connection.%")

    assert [row.action.removeprefix("connection.") for row in rows] == [
        "created",
        "paused",
        "resumed",
        "reconnected",
        "removed",
    ]
    assert {str(row.pms_integration_id) for row in rows} == {connected}
    assert all(row.user_id.startswith("cli:") for row in rows)
    assert [row.endpoint for row in rows][:2] == [
        "pms-sync connections add",
        "pms-sync connections pause",
    ]


def test_a_practitioner_is_taken_off_and_put_on_again(shell: Shell, connected: str) -> None:
    mapped = shell.answer("connections", "map", connected)["practitioners"]
    chosen = mapped[0]["practitioner_id"]

    shell.answer("connections", "map", connected, chosen, "--off")
    off = shell.answer("connections", "map", connected, "--all")["practitioners"]
    on = shell.answer("connections", "map", connected, chosen[:13], "--clinician", "Room 1")

    assert off[0]["clinician"] is None
    assert on["practitioners"][0]["clinician"] == "Room 1"


def test_types_are_marked_as_telehealth(shell: Shell, connected: str) -> None:
    known = shell.answer("connections", "types", connected)["types"]

    other = next(one["type_id"] for one in known if not one["is_telehealth"])

    shell.answer("connections", "types", connected, "--telehealth", other)
    marked = shell.answer("connections", "types", connected)["types"]
    shell.answer("connections", "types", connected, "--not-telehealth", other[:13])
    unmarked = shell.answer("connections", "types", connected)["types"]

    assert next(one for one in marked if one["type_id"] == other)["is_telehealth"]
    assert [one["is_telehealth"] for one in unmarked] == [one["is_telehealth"] for one in known]


def test_a_type_nobody_knows_cannot_be_marked(shell: Shell, connected: str) -> None:
    said = shell.complaint("connections", "types", connected, "--telehealth", "zz")

    assert "knows no type 'zz'" in said


def test_settings_are_changed_and_taken_away(shell: Shell, connected: str) -> None:
    days = "closed_on=2027-01-01, 2026-12-25,"
    given = ("default_minutes=20", days, "--every", "5")
    changed = shell.answer("connections", "set", connected, *given)
    said = shell.complaint("connections", "set", connected, "closed_on=Christmas")
    back = shell.answer("connections", "set", connected, "default_minutes=", "closed_on=")

    shut = {"closed_on": "2026-12-25,2027-01-01"}
    assert changed["settings"] == {"default_minutes": 20, "map_all": True, **shut}
    assert "dates with commas between" in said
    assert back["settings"] == {"map_all": True}


def test_what_is_left_out_is_chosen_and_taken_back(shell: Shell, connected: str) -> None:
    changed = shell.answer("connections", "set", connected, "leave_out=email, phone")
    said = shell.complaint("connections", "set", connected, "leave_out=name")
    back = shell.answer("connections", "set", connected, "leave_out=")

    assert changed["settings"]["leave_out"] == "phone,email"
    assert "'name' cannot be left out of what Gentu tells; what can is: phone, email" in said
    assert "leave_out" not in back["settings"]


def test_opening_hours_are_kept_and_taken_away(
    shell: Shell, connected: str, database_url: str
) -> None:
    kept = "SELECT opening_hours::text FROM pms_connections"

    shell.answer("connections", "set", connected, 'opening_hours={"mon": [["08:00", "17:00"]]}')
    given = stored(database_url, kept)
    shell.answer("connections", "set", connected, "opening_hours=")

    assert given == '{"mon": [["08:00", "17:00"]]}'
    assert stored(database_url, kept) == "{}"


def test_what_was_set_is_shown(shell: Shell, connected: str) -> None:
    hours = 'opening_hours={"mon": [["08:00", "12:00"], ["13:00", "17:00"]], "tue": []}'

    told = shell("connections", "set", connected, hours, "--quiet-every", "240").out
    without = shell("connections", "set", connected, "opening_hours=").out

    assert "mon 08:00 to 12:00 and 13:00 to 17:00" in told and "tue" not in told
    assert "less often, up to 240 min apart" in told
    assert "no hours told" in without


def test_opening_hours_nobody_can_read_are_refused(shell: Shell, connected: str) -> None:
    said = shell.complaint("connections", "set", connected, "opening_hours=9 to 5")

    assert said.startswith("Write opening hours like")


@pytest.mark.parametrize("wanted", ["zz", "00000000-0000-0000-0000-000000000000", ""])
def test_an_unknown_connection_is_named(shell: Shell, wanted: str) -> None:
    assert "see 'pms-sync connections list'" in shell.complaint("connections", "pause", wanted)


@pytest.fixture
def mistyped(shell: Shell, clinic: Clinic) -> str:
    """The id of a connection that was never tested, and whose secret is wrong."""
    wrong = [one.replace("client_secret=", "client_secret=not-") for one in clinic.options]
    zone = ("--timezone", "Australia/Melbourne", "--no-test", "--map-all", "--all-appointments")
    added = shell.answer("connections", "add", "gentu", "--site", clinic.site, *wrong, *zone)
    return str(added["id"])


def test_new_credentials_take_the_place_of_those_refused(
    shell: Shell, clinic: Clinic, mistyped: str, database_url: str
) -> None:
    refused = shell("sync", mistyped, "--here", "--json").json
    before = shell.answer("connections", "list")["connections"][0]
    secret = clinic.options[-1]

    again = shell.answer("connections", "reconnect", mistyped, "--secret", secret)

    due = stored(database_url, "SELECT next_sync_at <= now() FROM pms_connections")
    run = stored(database_url, "SELECT error_message FROM pms_sync_log ORDER BY job_id LIMIT 1")
    assert before["state_reason"] == "Gentu no longer accepts our sign-in; sign in again."
    assert before["next_sync_at"] is None
    assert "answered 401" in str(run)
    assert (refused["status"], before["state"]) == ("failed", "NEEDS_SIGN_IN")
    assert again == {"id": mistyped, "state": "ACTIVE"}
    assert due is True
    assert shell.answer("sync", mistyped, "--here")["created"] > 0


def test_credentials_that_are_refused_change_nothing(
    shell: Shell, clinic: Clinic, connected: str, tmp_path: Path, database_url: str
) -> None:
    before = shell.answer("connections", "list")
    kept = (tmp_path / "home" / "secrets.sealed").stat().st_size

    told = shell.complaint(
        "connections", "reconnect", connected, "--secret", "client_secret=not-it"
    )

    assert told.startswith("Connection failed. Please check your credentials.")
    assert "not-it" not in told
    assert shell.answer("connections", "list") == before
    left = "SELECT count(*) FROM pms_connection_checks WHERE trial_ref IS NOT NULL"
    assert stored(database_url, left) == 0
    assert (tmp_path / "home" / "secrets.sealed").stat().st_size == kept
    assert shell.answer("sync", connected, "--here")["status"] == "success"


def test_an_address_where_nothing_is_changes_nothing(shell: Shell, connected: str) -> None:
    shell.complaint("connections", "reconnect", connected, "--base-url", "http://127.0.0.1:1/v1")

    assert shell.answer("sync", connected, "--here")["status"] == "success"


def test_reconnecting_keeps_the_sheet_and_the_mappings(shell: Shell, connected: str) -> None:
    shell.answer("sync", connected, "--here")
    mapped = shell.answer("connections", "map", connected)["practitioners"]
    shell.answer("connections", "map", connected, mapped[0]["practitioner_id"], "--off")
    before = shell.answer("connections", "map", connected), shell.answer("run-sheet")

    shell.answer("connections", "reconnect", connected)

    again = shell.answer("sync", connected, "--here")
    assert (shell.answer("connections", "map", connected), shell.answer("run-sheet")) == before
    assert again["created"] == 0


def test_a_token_bought_before_is_forgotten(
    shell: Shell, connected: str, redis_client: redis.Redis
) -> None:
    [key] = redis_client.keys("pms-sync:token:*")
    before = redis_client.get(key)

    shell.answer("connections", "reconnect", connected)

    assert redis_client.get(key) != before


def test_a_practice_that_unpaired_us_is_paired_again(
    shell: Shell, own_clinic: Clinic, pairable: str
) -> None:
    mapped = shell.answer("connections", "map", pairable)
    own_clinic.control(f"tenants/{own_clinic.site}", {"access": "unpaired"})
    shell.complaint("connections", "test", pairable)
    code = own_clinic.simulator.pairing_code(own_clinic.site)

    paired = shell.answer("connections", "pair", pairable, code)

    assert (paired["id"], paired["site"]) == (pairable, own_clinic.site)
    assert shell.answer("connections", "list")["connections"][0]["state"] == "ACTIVE"
    assert shell.answer("connections", "map", pairable) == mapped
    assert shell.answer("sync", pairable, "--here")["status"] == "success"


def test_the_code_of_another_practice_is_told_and_changes_nothing(
    shell: Shell, own_clinic: Clinic, pairable: str
) -> None:
    own_clinic.control(f"tenants/{own_clinic.site}", {"access": "unpaired"})
    shell.complaint("connections", "test", pairable)
    before = shell.answer("connections", "list")
    other = own_clinic.sites[1]

    told = shell.complaint(
        "connections", "pair", pairable, own_clinic.simulator.pairing_code(other)
    )

    assert told.startswith(f"Connection failed. This code stands for another site ({other})")
    assert shell.answer("connections", "list") == before


def test_a_connection_that_works_is_not_paired_again(shell: Shell, connected: str) -> None:
    assert "has its site already" in shell.complaint("connections", "pair", connected, "abcd1234")


def test_a_paired_connection_is_synced_by_the_timetable(
    shell: Shell, clinic: Clinic, database_url: str
) -> None:
    app_id = clinic.simulator.credentials(clinic.site)["app_id"]
    waiting = shell.answer(
        "connections", "add", "gentu", *clinic.options, "--set", f"app_id={app_id}"
    )
    code = clinic.simulator.pairing_code(clinic.site)

    early = shell.complaint("connections", "reconnect", waiting["id"])
    shell.answer("connections", "pair", waiting["id"], code)

    assert "is not paired yet" in early
    assert stored(database_url, "SELECT next_sync_at <= now() FROM pms_connections") is True


def test_a_wrong_site_is_named_as_what_to_correct(shell: Shell, clinic: Clinic) -> None:
    said = shell.complaint("connections", "add", "gentu", "--site", "nobody", *clinic.options)

    assert said.startswith("Connection failed. Please check the tenant id")
    assert "{" not in said


@pytest.fixture(scope="module")
def zoneless() -> Iterator[tuple[str, ...]]:
    """What adding a practice takes whose PMS does not tell its time zone."""
    options = ["--seed", "13", "--practitioners", "2", "--appointments", "8", "--limit", "off"]
    with Running("halaxy", options) as said:
        site = said["tenants"][0]["tenantId"]
        secrets = Simulator(said["url"]).credentials(site)
        given = [f"--secret={key}={value}" for key, value in secrets.items()]
        yield ("halaxy", "--site", site, "--base-url", said["base_url"], *given)


def test_a_practice_whose_pms_tells_no_zone_must_say_it(
    shell: Shell, zoneless: tuple[str, ...], database_url: str
) -> None:
    said = shell.complaint("connections", "add", *zoneless)
    nothing = stored(database_url, "SELECT count(*) FROM pms_connections")
    shell.answer("connections", "add", *zoneless, "--timezone", "Australia/Perth")

    assert said.startswith("Halaxy does not tell the practice's time zone; give it with --timezone")
    assert nothing == 0
    assert stored(database_url, "SELECT timezone FROM pms_connections") == "Australia/Perth"


def test_zone_days_ahead_and_whole_passes_are_set(
    shell: Shell, connected: str, database_url: str
) -> None:
    options = ("--timezone", "Australia/Perth", "--days-ahead", "14", "--full-every", "90")
    before = stored(database_url, "SELECT version FROM pms_connections")

    shell.answer("connections", "set", connected, *options)
    said = shell.complaint("connections", "set", connected, "--timezone", "Perth")

    kept = "SELECT timezone || ' ' || sync_days_ahead || ' ' || full_every_minutes"
    assert stored(database_url, f"{kept} FROM pms_connections") == "Australia/Perth 14 90"
    assert stored(database_url, "SELECT version FROM pms_connections") == int(str(before)) + 1
    assert "is not a time zone" in said
    assert len(audit_rows(database_url, "connection.changed")) == 1


def test_what_was_typed_stays_at_its_time_when_the_time_zone_is_put_right(
    shell: Shell, connected: str
) -> None:
    zone = "Australia/Melbourne"
    start = datetime(2030, 6, 3, 14, 45, tzinfo=ZoneInfo(zone))
    values = {"start": start.astimezone(UTC), "patient_name": "Ann Example"}
    entry = Entry(source=Source.MANUAL, timezone=zone, values=values)
    with wired() as wiring, transaction(wiring.engine, account_id="default") as db:
        place(db, wiring.entry_seal("default"), [entry], hand=hand_for("default", "tests"))

    shell.answer("connections", "set", connected, "--timezone", "Australia/Perth")

    (row,) = shell.answer("run-sheet", "--date", "2030-06-03")["appointments"]
    assert (row["start"], row["timezone"]) == ("2030-06-03T06:45:00Z", "Australia/Perth")


def test_what_the_operator_set_need_not_be_given(
    shell: Shell, clinic: Clinic, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in clinic.simulator.credentials(clinic.site).items():
        monkeypatch.setenv(f"GENTU_{key.upper()}", value)

    added = shell.answer("connections", "add", "gentu", "--site", clinic.site, *clinic.options[:2])

    assert set(added) == {"id"}
    assert stored(database_url, "SELECT secret_ref FROM pms_connections") is None


def test_a_practice_added_again_goes_on_as_the_connection_it_was(
    shell: Shell, clinic: Clinic, connected: str, database_url: str
) -> None:
    rows = "SELECT string_agg(id::text, ' ' ORDER BY id) FROM run_sheet_appointments"
    shell.answer("sync", connected, "--here")
    before, mapped = stored(database_url, rows), shell.answer("connections", "map", connected)
    shell.answer("connections", "remove", connected)

    added = shell.answer(
        "connections", "add", "gentu", "--site", clinic.site, *clinic.options, "--all-appointments"
    )
    again = shell.answer("sync", added["id"], "--here")

    assert added["id"] == connected
    assert (again["status"], again["created"]) == ("success", 0)
    assert stored(database_url, rows) == before
    assert shell.answer("connections", "map", connected) == mapped


def test_a_practice_paired_again_goes_on_as_the_connection_it_was(
    shell: Shell, own_clinic: Clinic, pairable: str
) -> None:
    shell.answer("sync", pairable, "--here")
    shell.answer("connections", "remove", pairable, "--forget-secrets")
    app_id = own_clinic.simulator.credentials(own_clinic.site)["app_id"]
    options = (*own_clinic.options, "--all-appointments", "--set", f"app_id={app_id}")
    begun = shell.answer("connections", "add", "gentu", *options)

    code = own_clinic.simulator.pairing_code(own_clinic.site)
    paired = shell.answer("connections", "pair", begun["id"], code)

    assert begun["id"] != pairable
    assert paired["id"] == pairable
    assert [one["id"] for one in shell.answer("connections", "list")["connections"]] == [pairable]
    assert shell.answer("sync", pairable, "--here")["created"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["map", "--all", "--off"], "--all gives everyone a column"),
        (["map", "?", "--all"], "--all gives everyone a column"),
        (["map", "--off"], "Name the practitioner"),
        (["map", "--clinician", "Room 1"], "Name the practitioner"),
        (["map", "?", "--off", "--clinician", "Room 1"], "say --off or --clinician"),
        (["types", "--telehealth", "!", "--not-telehealth", "!"], "cannot be telehealth and not"),
        (["set", "--full-every", "99999999999"], "give 10080 or less"),
    ],
)
def test_what_contradicts_itself_changes_nothing(
    shell: Shell, connected: str, words: list[str], said: str
) -> None:
    before = shell.answer("connections", "map", connected)["practitioners"]
    known = shell.answer("connections", "types", connected)["types"]
    names = {"?": before[0]["practitioner_id"], "!": known[0]["type_id"]}
    command, *rest = (names.get(one, one) for one in words)

    assert said in shell.complaint("connections", command, connected, *rest)

    assert shell.answer("connections", "map", connected)["practitioners"] == before
    assert shell.answer("connections", "types", connected)["types"] == known


def test_what_decides_who_is_on_the_sheet_is_audited_and_looking_is_not(
    shell: Shell, connected: str, database_url: str
) -> None:
    version = "SELECT version FROM pms_connections"
    told, before = len(audit_rows(database_url, "connection.%")), stored(database_url, version)
    one = shell.answer("connections", "map", connected)["practitioners"][0]["practitioner_id"]
    kind = shell.answer("connections", "types", connected)["types"][0]["type_id"]
    shown = shell.answer("connections", "set", connected)

    assert len(audit_rows(database_url, "connection.%")) == told
    assert stored(database_url, version) == before
    assert (shown["timezone"], shown["telehealth_only"]) == ("Australia/Melbourne", False)
    shell.answer("connections", "map", connected, one, "--off")
    shell.answer("connections", "map", connected, "--all")
    shell.answer("connections", "types", connected, "--telehealth", kind)
    shell.answer("connections", "set", connected, "--name", "Rooms")
    said = [(row.action, row.request_summary) for row in audit_rows(database_url, "connection.%")]
    assert said[told:] == [
        ("connection.mapped", "1 practitioner"),
        ("connection.mapped", "everyone who has no column yet"),
        ("connection.types_marked", "1 types"),
        ("connection.changed", "name"),
    ]
