"""What people type to be shown can be shown, and nothing that is shown steers a terminal."""

from pathlib import Path

import pytest

from console import failures, output
from domain.errors import BadInput
from infra.database import DatabaseAway
from tests.console.conftest import Shell, stored
from tests.storage.rig import rig_on

pytestmark = pytest.mark.integration

RED = "a\x1b[31mred"
ODD = ["", "   ", RED, "two\nlines", "\x9b31mred", "x" * 201]
ASKED = [
    ["accounts", "add", "?", "--id", "own"],
    ["accounts", "set", "default", "--name", "?"],
    ["baa", "record", "--with", "gentu", "--version", "1", "--signed-by", "?"],
    ["baa", "record", "--with", "gentu", "--version", "?", "--signed-by", "Ann"],
    ["connections", "set", "KNOWN", "--name", "?"],
    ["connections", "pause", "KNOWN", "--reason", "?"],
    ["connections", "map", "KNOWN", "p-1", "--clinician", "?"],
    ["jobs", "discard", "1", "--reason", "?"],
    ["login-link", "--name", "?"],
    ["token", "--role", "owner", "--name", "?"],
    ["audit", "patient", "?"],
]


@pytest.fixture
def known(database_url: str) -> str:
    with rig_on(database_url) as rig:
        return str(rig.connect("site"))


@pytest.mark.parametrize("asked", ASKED, ids=" ".join)
def test_what_cannot_be_shown_is_no_name_and_no_reason(
    shell: Shell, known: str, database_url: str, asked: list[str]
) -> None:
    for odd in ODD:
        words = [{"?": odd, "KNOWN": known}.get(one, one) for one in asked]

        outcome = shell(*words)

        assert (outcome.code, outcome.out) == (2, "")
        assert "one line of text" in outcome.err
    assert stored(database_url, "SELECT count(*) FROM pms_audit_logs") == 0


def test_a_name_from_elsewhere_colours_no_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    output.table(["Name"], [(RED,)])
    output.facts([("Name", RED)])
    output.say(RED)

    def refused() -> None:
        raise BadInput(RED)

    failures.guarded(refused, folder=tmp_path)

    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert (said.out + said.err).count("a\N{REPLACEMENT CHARACTER}[31mred") == 4


def test_nobody_is_signed_out_by_a_name_that_is_misspelt(shell: Shell) -> None:
    shell.answer("login-link", "--name", "Kim")

    assert "Nobody called 'Kin'" in shell.complaint("sign-out", "--name", "Kin")
    assert shell.answer("sign-out", "--name", "Kim") == {"sessions": 0, "tokens": False}


def test_a_database_that_is_away_is_told_with_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def away() -> None:
        raise DatabaseAway("the database cannot be reached: Connection refused")

    code = failures.guarded(away, folder=tmp_path)

    assert code == 1
    assert capsys.readouterr().err.endswith(
        "refused; try again once it is back, or mend DATABASE_URL.\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("audit verify-archive /no/such/file", "'/no/such/file' does not exist"),
        ("summary --week 2026-13-01", "'2026-13-01' is not a date; write it like 2026-03-31;"),
        ("runs list --limit 0", "give 1 or more;"),
        ("runs list --limit 1001", "give 1000 or less;"),
        ("runs list --limit nine", "give a whole number;"),
    ],
)
def test_an_option_that_cannot_be_read_says_what_to_give(
    shell: Shell, words: str, said: str
) -> None:
    assert said in shell.complaint(*words.split())
