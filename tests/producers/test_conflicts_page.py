"""The conflict inbox as a page: each time on its own practice's clock, and whose are offered."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from adapters.storage.tables import pms_sync_log
from tests.producers.conftest import Site
from tests.producers.seeding import NOW, was_read
from tests.producers.test_conflicts_api import dispute

pytestmark = pytest.mark.integration


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_each_conflict_stands_on_its_own_practices_clock(site: Site) -> None:
    dispute(site, "Grace Invented", "Bea Invented")
    site.sign_in()

    page = text_of(site.client.get("/conflicts").text)

    assert "23 Nov 11:30 in Melbourne" in page
    assert "23 Nov 09:30 in Perth" in page


def test_so_does_each_sync_that_changed_the_sheet(site: Site) -> None:
    with site.everything() as db:
        was_read(db, at=NOW - timedelta(minutes=5))
        db.execute(update(pms_sync_log).values(updated=2))
    site.sign_in()

    page = text_of(site.client.get("/conflicts").text).partition("Latest syncs")[2]

    told = set(re.findall(r"23 Nov \d\d:\d\d in \w+", page))
    assert told == {"23 Nov 10:59 in Melbourne", "23 Nov 07:59 in Perth"}


def test_only_practices_with_something_to_decide_are_offered_each_with_how_much(
    site: Site,
) -> None:
    dispute(site, "Grace Invented", "Hugo Fictional", "Bea Invented")
    site.sign_in()

    offered = text_of(site.client.get("/conflicts").text).partition("By practice")[2]

    assert "All practices Example Clinic Gentu 2 Northside Specialists Medirecords 1" in offered
    assert "Harbour" not in offered.partition("Grace Invented")[0]
