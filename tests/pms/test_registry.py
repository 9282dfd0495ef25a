"""Finding PMSs by their files, and what a source learns while it reads."""

from dataclasses import replace

import pytest

from adapters.pms import instead, open_source, registered, title, vendor
from console.truth import untold
from domain.connections import KnownType
from domain.errors import BadInput, BrokenContract
from domain.minimising import Extra
from producers.pages import rendering
from tests.contract.kit import Stage, fixture


def test_a_pms_is_found_by_name() -> None:
    assert vendor("gentu") is registered()["gentu"]


def test_an_unknown_pms_is_answered_with_those_we_know() -> None:
    with pytest.raises(BadInput, match="gentu"):
        vendor("nobody")


def test_a_connection_is_opened_by_the_name_of_its_pms() -> None:
    stage = Stage(fixture("gentu"))

    source = open_source(
        stage.told.connection, secrets=stage.told.told["secrets"], ports=stage.ports
    )

    assert source.practice().site == stage.told.connection.site


def test_a_persons_choices_about_a_type_survive_its_being_read_again() -> None:
    told = fixture("gentu")
    video = next(iter(told.connection.telehealth_types))
    chosen = KnownType(name="Old name", is_telehealth=True, sync_enabled=False)
    stage = Stage(told)
    source = stage.source(replace(told.connection, types={video: chosen}))
    source.types()

    query = source.queries(told.window, source.practitioners())[0]
    rows = [row for page in source.pages(query) for row in page.records]

    assert {row.type_name for row in rows if row.type_id == video} == {"Video consult"}


def test_a_practice_that_is_another_one_breaks_the_contract() -> None:
    told = fixture("gentu")
    exchanges = [
        {**one, "json": {"tenantId": "another"}} if "tenantName" in str(one["json"]) else one
        for one in told.exchanges
    ]
    stage = Stage(replace(told, told={**told.told, "exchanges": exchanges}))

    with pytest.raises(BrokenContract):
        stage.source().practice()


def test_a_practitioner_who_cannot_be_read_is_told_with_the_first_page() -> None:
    told = fixture("gentu")
    exchanges = [
        {**one, "json": [*one["json"], {"id": ""}]} if one["path"].endswith("ers") else one
        for one in told.exchanges
    ]

    pages = list(Stage(replace(told, told={**told.told, "exchanges": exchanges})).pages())

    assert [len(page.rejects) for page in pages] == [1, 0, 0]
    assert pages[0].rejects[0].path == "items[3].id"


def test_a_pms_is_called_by_its_title_wherever_it_comes_from() -> None:
    newcomer = replace(registered()["gentu"], name="examplepms", title="Example PMS")

    with instead({"examplepms": newcomer}):
        assert (title("examplepms"), title("gentu")) == ("Example PMS", "Gentu")
        assert rendering.vendor("examplepms") == "Example PMS"
    assert title("examplepms") is None
    assert rendering.vendor("example_pms") == "Example pms"


def test_what_a_sheet_cannot_show_is_what_the_description_has_no_spot_for() -> None:
    gentu = registered()["gentu"]
    without_numbers = {**gentu.holds, Extra.PHONE: ()}

    assert untold(gentu) == []
    assert untold(replace(gentu, holds=without_numbers)) == ["patient.phone"]
    assert untold(replace(gentu, note_policy="on_demand")) == ["notes"]
