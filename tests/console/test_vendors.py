"""What people and programs are told of the PMSs before they connect one."""

from pathlib import Path

import pytest

from adapters.pms import capability_lines, capability_table, registered
from console.vendors import INTRODUCTION
from tests.console.conftest import Shell

MATRIX = Path(__file__).parents[2] / "docs" / "capabilities.md"


def test_the_matrix_in_the_documents_is_what_the_descriptions_say() -> None:
    """Of the PMSs it has a column for: another may be added without an edit of anything."""
    written = MATRIX.read_text()
    shown = [one for one in registered().values() if f"[{one.title}" in written]

    assert {one.name for one in shown} >= {"gentu", "halaxy", "medirecords"}
    assert written == INTRODUCTION + capability_table(shown)


def test_the_matrix_is_written_anew_on_demand(shell: Shell) -> None:
    said = shell("vendors", "--markdown").out

    assert said == INTRODUCTION + capability_table(registered().values())


def test_every_vendor_is_listed_with_what_it_needs_and_what_it_can_do(shell: Shell) -> None:
    told = {one["name"]: one for one in shell.answer("vendors")["vendors"]}

    assert told.keys() == registered().keys()
    assert told["halaxy"]["capabilities"]["limits"].startswith("500 a minute")
    assert set(told["gentu"]["secrets"]) == {"client_id", "client_secret"}


def test_people_see_every_capability_of_every_vendor(shell: Shell) -> None:
    said = shell("vendors").out

    for vendor in registered().values():
        assert vendor.title in said
        assert all(line.label in said for line in capability_lines(vendor))


def test_no_word_of_the_vendors_is_broken_at_eighty_columns(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    said = shell("vendors").out

    assert max(map(len, said.splitlines())) <= 80
    for vendor in registered().values():
        values = " ".join(line.value for line in capability_lines(vendor))
        assert set(values.split()) <= set(said.split())
