"""The words in which a description says what its PMS can do."""

from dataclasses import replace

import pytest

from adapters.pms import capability_lines, capability_table, registered
from adapters.rest.vendor import Vendor
from domain.limits import Limit
from domain.minimising import Extra
from domain.sources import Capabilities

GENTU = registered()["gentu"]


def said(vendor: Vendor) -> dict[str, str]:
    return {line.key: line.value for line in capability_lines(vendor)}


@pytest.mark.parametrize("name", sorted(registered()))
def test_every_capability_of_every_vendor_is_said_in_words(name: str) -> None:
    lines = capability_lines(registered()[name])

    assert all(line.value and line.label for line in lines)
    assert len({line.key for line in lines}) == len(lines)


def test_gentu_is_read_per_practitioner_and_paired_by_code() -> None:
    told = said(GENTU)

    assert told["appointments"] == "per practitioner"
    assert told["connected"] == "client id and secret, then a pairing code"
    assert told["limits"] == "60 a minute and 1,000 an hour for each application (assumed)"


def test_medirecords_meets_its_practitioners_in_the_book() -> None:
    told = said(registered()["medirecords"])

    assert told["practitioners"] == "met in the book, or named by a person"
    assert told["telehealth"] == "the type's own mark, or a session link"


def test_halaxy_tells_changes_and_its_real_limit() -> None:
    told = said(registered()["halaxy"])

    assert told["changes_since"] == "yes"
    assert told["webhooks"] == "yes, as a hint to look again"
    assert told["limits"] == "500 a minute for each application (documented)"


def test_what_another_vendor_may_lack_or_have_is_said_too() -> None:
    other = replace(
        GENTU,
        auth=None,
        pairing=None,
        types=None,
        practitioners=None,
        note_policy="never",
        stage="proven",
        limited_per="connection",
        limits={"default": (Limit(20, 10),), "updates": (Limit(1, 1),)},
        capabilities=Capabilities(shows_deletions=True, writes=frozenset({"book", "cancel"})),
    )

    told = said(other)

    assert told["stage"] == "proven: in use at a practice"
    assert told["connected"] == "own keys"
    assert told["types"] == "not listed"
    assert told["practitioners"] == "met in the book, or named by a person"
    assert told["deletions"] == "shown"
    assert told["probe_by_id"] == "no"
    assert told["notes"] == "never read"
    assert told["writes"] == "book, cancel"
    assert told["limits"] == "20 in 10 s; 1 a second for updates for each practice (assumed)"


def test_it_says_what_a_practice_may_leave_out_and_what_one_does() -> None:
    sikka, advancedmd = registered()["sikka"], registered()["advancedmd"]
    lines = capability_lines(sikka, left_out=frozenset({Extra.NOTES, Extra.PHONE}))
    narrowed = {line.label: line.value for line in lines}

    assert said(sikka)["notes"] == "read when asked for, never stored; a caller's note is added"
    assert "notes" in said(sikka)["can_leave_out"]
    assert "notes" not in said(advancedmd)["can_leave_out"]
    assert narrowed["Notes"] == "left out by this practice"
    assert narrowed["Left out"] == "phone, notes"


def test_the_table_has_a_row_for_each_capability_and_a_column_for_each_vendor() -> None:
    rows = capability_table(registered().values()).splitlines()

    assert len(rows) == 2 + len(capability_lines(GENTU))
    assert {row.count(" | ") for row in rows} == {len(registered())}
    assert "Gentu by Magentus" in rows[0]
