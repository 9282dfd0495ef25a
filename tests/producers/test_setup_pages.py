"""The wizard's and the connections' pages as the server draws them."""

import html
import re
from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.people import Role
from infra.vendor_urls import VendorUrls
from tests.producers import conftest as ingress
from tests.producers.conftest import Site

pytestmark = pytest.mark.integration

engine, make_site, site = ingress.engine, ingress.make_site, ingress.site

PAGE = {"Accept": "text/html"}


def test_the_wizard_is_for_those_who_may_configure(site: Site) -> None:
    site.sign_in(Role.BILLING)

    answer = site.client.get("/setup", headers=PAGE)

    assert answer.status_code == HTTPStatus.FORBIDDEN


def test_a_setup_is_taken_up_where_it_was_left(site: Site) -> None:
    connection_id = _left_at(site, "types")
    site.sign_in()

    page = site.client.get(f"/setup?connection={connection_id}", headers=PAGE)

    assert 'data-step="types"' in page.text


def test_a_step_that_is_not_reached_yet_cannot_be_opened(site: Site) -> None:
    connection_id = _left_at(site, "practitioners")
    site.sign_in()

    page = site.client.get(f"/setup?connection={connection_id}&step=summary", headers=PAGE)

    assert 'data-step="practitioners"' in page.text


def test_an_earlier_step_can_be_opened_again(site: Site) -> None:
    connection_id = _left_at(site, "summary")
    site.sign_in()

    page = site.client.get(f"/setup?connection={connection_id}&step=connect", headers=PAGE)

    assert 'data-step="connect"' in page.text and "data-again" in page.text


def test_a_setup_that_is_not_finished_is_called_so_on_every_page(site: Site) -> None:
    _left_at(site, "types")
    site.sign_in()

    syncs = site.client.get("/sync", headers=PAGE).text
    practices = site.client.get("/connections", headers=PAGE).text

    assert "Setup not finished" in syncs and "Setup not finished" in practices
    assert "Not synced yet" not in syncs


def test_where_no_practitioner_is_known_none_are_counted(site: Site) -> None:
    connection_id = _left_at(site, "practitioners")
    with site.everything() as db:
        db.execute(text("DELETE FROM pms_clinician_mappings"))
    site.sign_in()

    page = site.client.get(f"/setup?connection={connection_id}", headers=PAGE).text

    assert "does not list practitioners" in page
    assert "has 0 practitioners" not in page


@pytest.mark.parametrize("telehealth_only", [True, False])
def test_a_sheet_that_may_stay_empty_is_told_before_the_start(
    site: Site, telehealth_only: bool
) -> None:
    connection_id = _left_at(site, "summary")
    with site.everything() as db:
        change = text("UPDATE pms_connections SET sync_telehealth_only = :is_on WHERE id = :id")
        db.execute(change, {"is_on": telehealth_only, "id": connection_id})
    site.sign_in()

    page = site.client.get(f"/setup?connection={connection_id}", headers=PAGE).text

    assert ("no appointment type is marked as telehealth" in page) is telehealth_only


def test_an_unfinished_setup_can_be_discarded_and_claims_no_clock(site: Site) -> None:
    connection_id = _left_at(site, "connect")
    with site.everything() as db:
        update = text("UPDATE pms_connections SET timezone = 'UTC' WHERE id = :id")
        db.execute(update, {"id": connection_id})
    site.sign_in()

    page = site.client.get("/connections", headers=PAGE).text

    card = page.partition(f'id="connection-{connection_id}"')[2].partition("</article>")[0]
    assert "Continue the setup" in card and 'data-do="discard"' in card
    assert "UTC" not in card


def test_an_id_can_be_read_while_it_is_typed_and_a_secret_cannot(site: Site) -> None:
    site.sign_in()

    page = site.client.get("/setup?vendor=gentu", headers=PAGE).text

    assert 'name="client_id" type="text"' in page
    assert 'name="client_secret" type="password"' in page


def test_the_office_key_is_asked_for_once_and_the_time_zone_must_be_said(site: Site) -> None:
    site.sign_in()

    page = site.client.get("/setup?vendor=advancedmd", headers=PAGE).text

    fields = re.findall(r'<input id="([^"]+)"[^>]*? required', page)
    wanted = ["secrets-username", "secret-password", "secrets-app_name", "site", "timezone"]
    assert fields == wanted
    assert "office_key" not in page
    assert page.index('value="America/New_York"') < page.index('value="Australia/Sydney"')
    assert "Nothing is written to it before you start." in page


def test_a_setting_of_two_answers_is_a_choice(site: Site) -> None:
    site.sign_in()

    page = site.client.get("/setup?vendor=advancedmd", headers=PAGE).text

    reads = page.partition('<select id="settings-reads"')[2].partition("</select>")[0]
    assert re.findall(r'value="(\w*)"', reads) == ["", "rest", "xml"]
    assert "Interface for reading the days <span" in page


@pytest.mark.parametrize(("role", "may_change"), [(Role.ADMIN, True), (Role.PROVIDER, False)])
def test_whoever_may_not_change_the_settings_reads_who_can(
    site: Site, role: Role, may_change: bool
) -> None:
    connection_id = _gentu(site)
    site.sign_in(role)

    page = site.client.get(f"/connections/{connection_id}", headers=PAGE).text

    assert ("Only an owner or admin can change these settings." in page) is not may_change


def test_a_connection_that_is_set_up_is_shown_its_settings_instead(site: Site) -> None:
    connection_id = _gentu(site)
    site.sign_in()

    answer = site.client.get(f"/setup?connection={connection_id}", headers=PAGE)

    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert answer.headers["location"] == f"/connections/{connection_id}"


@pytest.mark.parametrize("name", ["sikka", "kolla", "unheard"])
def test_what_is_no_choice_cannot_be_connected(site: Site, name: str) -> None:
    site.sign_in()

    answer = site.client.get(f"/setup?vendor={name}", headers=PAGE)

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_no_secret_is_in_a_page(site: Site) -> None:
    ref = site.ports.secrets.put("gentu/default/held", {"client_secret": "very-hidden-word"})
    connection_id = _gentu(site)
    with site.everything() as db:
        update = text("UPDATE pms_connections SET secret_ref = :ref WHERE id = :id")
        db.execute(update, {"ref": ref, "id": connection_id})
    site.sign_in()

    page = site.client.get(f"/connections/{connection_id}", headers=PAGE)

    assert page.status_code == HTTPStatus.OK
    assert "kept encrypted" in page.text and "very-hidden-word" not in page.text


def test_what_only_an_engineer_reads_is_put_in_words(site: Site) -> None:
    connection_id = _gentu(site)
    reason = "Gentu: GET /tenants/{site}/practitioners answered 404"
    with site.everything() as db:
        update = text("UPDATE pms_connections SET state = 'NEEDS_SIGN_IN', state_reason = :said")
        db.execute(update, {"said": reason})
    site.sign_in()

    page = site.client.get(f"/connections/{connection_id}", headers=PAGE)

    assert "Gentu no longer lets us in (it answered 404)." in page.text
    assert reason not in page.text


@pytest.mark.parametrize("vendor", ["gentu", "sikka"])
def test_signing_in_again_leads_to_where_the_practice_lets_us_in(site: Site, vendor: str) -> None:
    connection_id = _gentu(site)
    change = (
        "UPDATE pms_connections SET state = 'NEEDS_SIGN_IN', connector = :vendor WHERE id = :id"
    )
    with site.everything() as db:
        db.execute(text(change), {"vendor": vendor, "id": connection_id})
    site.sign_in()

    cards = site.client.get("/connections", headers=PAGE).text
    settings = site.client.get(f"/connections/{connection_id}", headers=PAGE).text

    ways = {"gentu": f"/connections/{connection_id}#sign-in", "sikka": "/setup/sikka"}
    for page in (cards, settings):
        links = set(re.findall(r'href="([^"]+)">Sign in again<', page))
        assert links & set(ways.values()) == {ways[vendor]}
    assert ("marketplace" in settings) is (vendor == "sikka")


@pytest.mark.parametrize(
    ("pms_type", "said"),
    [
        ("Dentrix", None),
        ("Example PMS", "takes it for Example PMS"),
        ("sikka", "the practice's PMS"),
    ],
)
def test_what_callers_may_do_is_for_the_practice_to_choose_whatever_its_pms_is(
    site: Site, pms_type: str, said: str | None
) -> None:
    connection_id = _gentu(site)
    change = "UPDATE pms_connections SET connector = 'sikka', pms_type = :pms WHERE id = :id"
    with site.everything() as db:
        db.execute(text(change), {"pms": pms_type, "id": connection_id})
    site.sign_in()

    page = html.unescape(site.client.get(f"/setup/sikka?connection={connection_id}").text)
    cards = site.client.get("/connections", headers=PAGE).text

    assert re.search(r'name="online_booking" data-feature checked ', page)
    assert "disabled aria-describedby" not in page
    assert ("Only where Sikka" in page) is (said is not None)
    assert said is None or said in page
    assert (f"{pms_type}, through Sikka" in cards) is (pms_type != "sikka")


def test_a_practice_of_another_account_is_not_there(site: Site) -> None:
    connection_id = _gentu(site)
    with site.everything() as db:
        db.execute(text("INSERT INTO accounts (id, name) VALUES ('other', 'Other')"))
    site.sign_in(account_id="other")

    answers = [
        site.client.get(path, headers=PAGE).status_code
        for path in (f"/connections/{connection_id}", f"/setup?connection={connection_id}")
    ]

    assert answers == [HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND]


def test_nobody_is_asked_for_what_the_operator_has_set(make_site: Callable[..., Site]) -> None:
    keys = {"client_id": "ours", "client_secret": "ours-too", "app_id": "our-app"}
    site = make_site(presets={"gentu": keys})
    site.sign_in()

    page = site.client.get("/setup?vendor=gentu", headers=PAGE).text

    assert 'name="code"' in page
    assert 'name="client_secret"' not in page and 'name="app_id"' not in page


def test_a_sign_in_page_is_offered_where_the_operator_has_set_one_up(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(
        presets={"medirecords": {"client_id": "ours", "client_secret": "ours-too"}},
        preset_settings={"medirecords": {"authorize_url": "https://example.org/authorize"}},
        urls={"medirecords": VendorUrls(token_url="https://example.org/token")},  # noqa: S106 - an address
    )
    site.sign_in()

    offered = site.client.get("/setup?vendor=medirecords", headers=PAGE).text
    others = site.client.get("/setup?vendor=halaxy", headers=PAGE).text

    assert "Sign in at Medirecords" in offered and "Sign in at" not in others


def _gentu(site: Site) -> UUID:
    with site.everything() as db:
        query = text("SELECT id FROM pms_connections WHERE connector = 'gentu'")
        found: UUID = db.execute(query).scalar_one()
    return found


def _left_at(site: Site, step: str) -> UUID:
    connection_id = _gentu(site)
    with site.everything() as db:
        update = text(
            "UPDATE pms_connections SET state = 'SETUP_REQUIRED', setup_step = :step WHERE id = :id"
        )
        db.execute(update, {"step": step, "id": connection_id})
    return connection_id
