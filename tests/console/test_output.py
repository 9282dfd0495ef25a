"""Tables for people: whole words, and nothing wider than the terminal."""

import io
import json
from pathlib import Path

import pytest

from console import output
from console.failures import FileLines
from console.widths import fitted

CONNECTIONS = [
    ("0f9a1c22", "medirecords", "Rooms at the Harbour 1", "NEEDS_SIGN_IN", "12 min ago", "success"),
    ("1f9a1c22", "gentu", "Example Practice 1", "SETUP_REQUIRED", "never", None),
]
JOBS = [
    (1234, "check_connection", "ready", "0f9a1c22", "3 min ago", 2, "NeedsReconnect: it said 401"),
    (1235, "sync_connection", "running", "0f9a1c22", "3 min ago", 0, None),
]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def words(shown: str) -> set[str]:
    return set(shown.split())


@pytest.mark.usefixtures("narrow")
def test_no_word_is_broken_at_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["Id", "PMS", "Name", "State", "Last sync", "Result"], CONNECTIONS)
    output.table(["Job", "Kind", "State", "Connection", "Asked", "Tries", "Note"], JOBS)

    shown = capsys.readouterr().out
    assert {"medirecords", "NEEDS_SIGN_IN", "SETUP_REQUIRED", "success"} <= words(shown)
    assert {"check_connection", "sync_connection"} <= words(shown)
    assert {"Connection", "0f9a1c22", "running"} <= words(shown)
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.usefixtures("narrow")
def test_what_fits_is_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["Id", "Name"], [("1", "Example Practice 1")])

    assert "Example Practice 1" in capsys.readouterr().out


def test_what_goes_to_a_program_is_never_folded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("sys.__stdout__", None)
    sentence = " ".join(["many words"] * 30)

    output.table(["Id", "Note"], [("1", sentence)])
    output.facts([("Note", sentence)])

    shown = capsys.readouterr().out.splitlines()
    assert [sentence in line for line in shown].count(True) == 2
    assert max(map(len, shown)) < len(sentence) + 20


def test_json_loses_no_letter_where_the_output_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(kept, encoding="ascii", errors="replace"))

    output.answer({"name": "Zoë Łuk"})

    assert json.loads(kept.getvalue()) == {"name": "Zoë Łuk"}


def test_letters_that_take_two_columns_have_them(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["Id", "Name", "State"], [("1", "山田太郎", "booked")])

    assert "山田太郎" in capsys.readouterr().out


def test_the_last_columns_give_way_first() -> None:
    sentence = "one two three four five six"

    assert fitted([["short"], [sentence], [sentence]], room=60) == [5, 27, 27]
    assert fitted([["short"], [sentence], [sentence]], room=50) == [5, 27, 18]
    assert fitted([["short"], [sentence], [sentence]], room=30) == [5, 20, 5]


def test_a_short_text_is_folded_only_once_longer_ones_are() -> None:
    names, times = ["Rooms at the Harbour of Example"], ["42 min ago"]

    assert fitted([names, times], room=30) == [20, 10]
    assert fitted([names, times], room=12) == [7, 5]


def test_a_word_of_endless_length_is_broken() -> None:
    assert fitted([["a" * 60], ["b" * 10]], room=40) == [30, 10]


def test_on_a_narrow_terminal_each_row_stands_on_lines_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")

    output.table(["Job", "Kind", "State", "Connection", "Asked", "Tries", "Note"], JOBS)

    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "Job 1234"
    assert shown[1].split() == ["Kind", "check_connection"]
    assert shown[4].split() == ["Asked", "3", "min", "ago"]
    assert max(map(len, shown)) <= 40


def test_there_what_is_left_blank_takes_no_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "18")

    output.table(["Id", "Patient", ""], [("1", "Ann Exampleworth", output.BLANK)])

    shown = [one.split() for one in capsys.readouterr().out.splitlines()]
    assert shown[1] == ["Patient", "Ann"]
    assert [] not in shown


def test_a_log_that_cannot_be_written_ends_no_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("a file where a folder would be")

    FileLines(tmp_path / "logs" / "pms-sync.log").msg("a line")

    assert capsys.readouterr().err == "a line\n"


@pytest.mark.parametrize("name", ["Dr [/b] Smith", "Dr [link=http://x]Smith", "Dr :smile:"])
def test_a_name_above_a_table_is_shown_as_it_is_written(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output.table(["Id"], [("1" * 60,)], title=name)

    assert capsys.readouterr().out.startswith(name)


def test_nothing_above_or_in_a_table_steers_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.table(["Id"], [("\u202eelpmaxE nnA",)], title="Dr \x1b[31m\u2066Red")

    assert not {"\x1b", "\u202e", "\u2066"} & set(capsys.readouterr().out)
