"""What people and programs are told of the PMSs before they connect one."""

from pathlib import Path

from adapters.pms import capability_lines, registered
from tests.console.conftest import Shell

MATRIX = Path(__file__).parents[2] / "docs" / "capabilities.md"


def test_the_matrix_in_the_documents_is_what_the_descriptions_say(shell: Shell) -> None:
    assert MATRIX.read_text() == shell("vendors", "--markdown").out


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
