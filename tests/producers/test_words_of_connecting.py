"""What the pages say of vendors and of how often they are asked."""

from types import SimpleNamespace

import pytest

from adapters import pms
from domain.minimising import FIELDS, Extra
from domain.minimising import LABELS as MAY_BE_LEFT_OUT
from producers.pages import connecting
from producers.pages.fields import LABELS as ON_THE_SHEET
from producers.pages.rendering import system


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("Client id of your Gentu application", "Client id"),
        ("Bearer token for the REST API, from support", "Bearer token"),
        ("Clinic id (CL-…), or practice group id (OG-…)", "Clinic id"),
    ],
)
def test_a_label_is_shortened_to_the_thing_itself(label: str, said: str) -> None:
    assert connecting.short(label) == said


@pytest.mark.parametrize(("name", "minutes"), [("gentu", 4), ("medirecords", 4), ("halaxy", 1)])
def test_real_time_leaves_half_of_what_the_vendor_allows(name: str, minutes: int) -> None:
    assert connecting.realtime_minutes(pms.vendor(name)) == minutes


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (15, "every 15 min"),
        (60, "hourly"),
        (90, "every 90 min"),
        (120, "every 2 hours"),
        (1440, "daily"),
        (2880, "every 2 days"),
    ],
)
def test_how_often_is_said_in_the_largest_measure_that_fits(minutes: int, said: str) -> None:
    assert connecting.every(minutes) == said


def test_sikka_is_never_a_choice_and_kolla_is_to_come() -> None:
    offered = connecting.choices(lambda _vendor: frozenset())

    assert [one.name for one in offered if not one.available] == ["kolla"]
    assert "sikka" not in {one.name for one in offered}


def test_a_practice_is_named_after_its_own_pms_and_what_it_is_reached_through() -> None:
    behind = SimpleNamespace(vendor="sikka", pms_type="Dentrix")
    itself = SimpleNamespace(vendor="gentu", pms_type="gentu")

    assert [system(one) for one in (behind, itself)] == ["Dentrix, through Sikka", "Gentu"]


@pytest.mark.parametrize("name", ["advancedmd", "sikka"])
def test_practices_of_america_are_offered_its_time_zones_first(name: str) -> None:
    assert connecting.zones(pms.vendor(name).region)[0].startswith("America/")


def test_what_an_office_at_advancedmd_needs_names_its_key_once() -> None:
    [card] = [one for one in connecting.choices(lambda _: frozenset()) if one.name == "advancedmd"]

    needs = ["User name", "Password", "Application name", "Office key"]
    assert list(card.needs) == needs
    assert list(card.facts) == ["You mark telehealth", "Takes your changes"]


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("Format of the messages: json or xml", ("Format of the messages", "json", "xml")),
        ("Names of the practitioners: id=Name; id=Name", None),
    ],
)
def test_a_label_may_end_with_its_two_answers(label: str, told: object) -> None:
    assert connecting.either(label) == told


def test_nobody_is_asked_for_what_the_operator_has_set() -> None:
    offered = connecting.choices(lambda _: frozenset({"client_id", "client_secret", "app_id"}))

    needs = {one.name: list(one.needs) for one in offered}
    assert needs["gentu"] == ["Pairing code"]
    assert needs["medirecords"] == ["Bearer token", "Practice id"]


@pytest.mark.parametrize(
    ("name", "classified", "is_guess"),
    [("Video consult", False, True), ("Standard consult", False, False), ("Phone", True, False)],
)
def test_only_types_nobody_has_spoken_of_are_guessed(
    name: str, classified: bool, is_guess: bool
) -> None:
    assert connecting.guessed({"name": name, "classified": classified})["is_guess"] is is_guess


def test_what_gentu_pairs_with_is_among_what_to_have_at_hand() -> None:
    [card] = [one for one in connecting.choices(lambda _: frozenset()) if one.name == "gentu"]

    assert list(card.needs) == ["Pairing code", "Client id", "Client secret", "Application id"]


@pytest.mark.parametrize("extra", [Extra.PHONE, Extra.EMAIL, Extra.BIRTH_DATE, Extra.NOTES])
def test_what_a_practice_may_leave_out_is_called_as_on_the_sheet(extra: Extra) -> None:
    (field,) = FIELDS[extra]

    assert MAY_BE_LEFT_OUT[extra] == ON_THE_SHEET[field]
