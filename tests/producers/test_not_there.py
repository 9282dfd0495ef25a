"""What somebody reads at an address that led somewhere once."""

from uuid import UUID

import pytest
from sqlalchemy import text

from adapters.storage.tables import accounts
from tests.producers import conftest as ingress
from tests.producers.conftest import Site
from tests.producers.ledger import practice
from tests.producers.seeding import NOW

pytestmark = pytest.mark.integration

engine, make_site, site = ingress.engine, ingress.make_site, ingress.site

PAGE = {"Accept": "text/html"}
BACK = '<a class="button primary" href="{}">Back to {}</a>'


def _removed(site: Site, name: str) -> UUID:
    gone = practice(site, name)
    query = text("UPDATE pms_connections SET removed_at = :at WHERE id = :id")
    with site.everything() as db:
        db.execute(query, {"id": gone, "at": NOW})
    return gone


@pytest.mark.parametrize(
    "path", ["/connections/{}", "/setup?connection={}", "/setup/sikka?connection={}&ready=true"]
)
def test_the_address_of_a_removed_connection_tells_which_it_was_and_since_when(
    site: Site, path: str
) -> None:
    gone = _removed(site, "Harbour Allied Health")
    site.sign_in()

    page = site.client.get(path.format(gone), headers=PAGE)

    assert page.status_code == 404
    assert "Harbour Allied Health was removed on 23 November 2026." in page.text
    assert BACK.format("/connections", "connections") in page.text


def test_nothing_is_told_of_a_connection_that_another_account_removed(site: Site) -> None:
    gone = _removed(site, "Harbour Allied Health")
    with site.everything() as db:
        db.execute(accounts.insert(), {"id": "another", "name": "Another"})
    site.sign_in(account_id="another")

    page = site.client.get(f"/connections/{gone}", headers=PAGE)

    assert page.status_code == 404
    assert "There is no such connection" in page.text
    assert "Harbour" not in page.text


def test_an_address_below_a_page_leads_back_to_that_page(site: Site) -> None:
    site.sign_in()

    page = site.client.get("/queues/jobs/99999", headers=PAGE)

    assert page.status_code == 404
    assert BACK.format("/queues", "queues") in page.text


def test_a_page_that_is_not_there_does_not_lead_back_to_itself(site: Site) -> None:
    site.sign_in()

    page = site.client.get("/advancedmd", headers=PAGE)
    below = site.client.get("/advancedmd/nowhere", headers=PAGE)

    assert BACK.format("/", "run sheet") in page.text
    assert BACK.format("/advancedmd", "AdvancedMD") in below.text
