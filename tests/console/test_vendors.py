"""What people and programs are told of the PMSs before they connect one."""

from pathlib import Path

import pytest

from adapters.pms import behind_tables, capability_lines, capability_table, registered
from adapters.sikka.abilities import READS, abilities
from console.vendors import INTRODUCTION, not_here
from tests.console.conftest import Shell

MATRIX = Path(__file__).parents[2] / "docs" / "capabilities.md"


def test_the_matrix_in_the_documents_is_what_the_descriptions_say() -> None:
    """Of the PMSs it has a column for: another may be added without an edit of anything."""
    written = MATRIX.read_text()
    shown = [one for one in registered().values() if f"[{one.title}" in written]

    assert {one.name for one in shown} >= {"gentu", "halaxy", "medirecords"}
    tables = capability_table(shown) + behind_tables(shown)
    assert written == INTRODUCTION + tables + not_here()


def test_the_matrix_is_written_anew_on_demand(shell: Shell) -> None:
    said = shell("vendors", "--markdown").out

    every = list(registered().values())
    assert said == INTRODUCTION + capability_table(every) + behind_tables(every) + not_here()


def test_what_has_no_description_is_named_with_what_to_do_instead() -> None:
    told = not_here()

    for name in ("kolla", "Open Dental", "`sikka`", "`custom`", "adding-a-pms.md"):
        assert name in told


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


def test_what_is_written_to_a_vendor_is_told_in_words_and_all_of_it() -> None:
    for vendor in registered().values():
        [told] = [line.value for line in capability_lines(vendor) if line.key == "writes"]
        writes = told.partition(";")[0].split(", ") if vendor.capabilities.writes else []
        assert len(writes) == len(vendor.capabilities.writes)
        assert "_" not in told


def test_no_word_of_the_vendors_is_broken_at_eighty_columns(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    said = shell("vendors").out

    assert max(map(len, said.splitlines())) <= 80
    for vendor in registered().values():
        values = " ".join(line.value for line in capability_lines(vendor))
        assert set(values.split()) <= set(said.split())


def test_each_pms_behind_sikka_has_a_row_with_what_can_be_done_there(shell: Shell) -> None:
    [told] = [one for one in shell.answer("vendors")["vendors"] if one["name"] == "sikka"]
    rows = [line for line in behind_tables(registered().values()).splitlines() if "| yes |" in line]

    assert {"Dentrix", "Eaglesoft", "Open Dental", "OrthoTrac", "*"} <= told["behind"].keys()
    assert told["behind"]["*"] == sorted(READS)
    assert len(rows) == len(told["behind"])
    assert rows[-1].startswith("| any other | yes | no | no |")
    for name, can in told["behind"].items():
        assert abilities(name, None) == set(can)


def test_a_pms_that_stands_before_no_other_has_no_such_table() -> None:
    assert behind_tables([registered()["gentu"]]) == ""
