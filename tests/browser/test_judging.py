"""Every page can be read, reached and pressed: in both lights, wide, on a phone, narrower still."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.driving import drive
from tests.browser.everything import fill
from tests.producers.conftest import Site
from tests.producers.ledger import practice
from tests.producers.two_way import two_way_day

pytestmark = [pytest.mark.browser, pytest.mark.integration]

PAGES = {
    "what somebody works with": {
        "sheet": "/?date=2026-11-23",
        "unread-day": "/?date=2026-11-24",
        "row": "/?date=2026-11-23#open-{row}",
        "conflicts": "/conflicts",
        "week": "/summary",
        "nowhere": "/nowhere",
    },
    "practices": {
        "connections": "/connections",
        "connection": "/connections/{clinic}",
        "sync": "/sync",
        "settings": "/settings",
        "setup": "/setup",
        "setup-gentu": "/setup?vendor=gentu",
        "setup-halaxy": "/setup?connection={begun}",
        "setup-sikka": "/setup/sikka",
    },
    "what an operator looks at": {
        "deliveries": "/deliveries",
        "outgoing": "/outgoing",
        "queues": "/queues",
        "what-if": "/queues/what-if?every-{clinic}=9",
        "shares": "/queues/shares",
        "callers": "/queues/callers",
        "audit": "/audit",
    },
}


def judged(site: Site, shots: Path, pages: dict[str, str]) -> dict[str, list[str]]:
    base = str(site.client.base_url).rstrip("/")
    return drive("judging", base=base, token=site.link(), shots=shots, pages=pages)


@pytest.mark.parametrize("pages", list(PAGES))
def test_nothing_of_a_page_is_hard_to_read_or_to_reach(
    pages: str, busy_site: Site, browser_parts: Path, tmp_path: Path
) -> None:
    fill(busy_site)
    told = {
        "clinic": practice(busy_site, "Example Clinic"),
        "begun": practice(busy_site, "Harbour Allied Health"),
        "row": busy_site.ids["Grace Invented"],
    }

    paths = {name: path.format(**told) for name, path in PAGES[pages].items()}

    assert judged(busy_site, tmp_path, paths) == {}


def test_nothing_of_a_practice_that_takes_changes_is_hard_to_read_or_to_reach(
    make_site: Callable[..., Site], browser_parts: Path, tmp_path: Path
) -> None:
    day = two_way_day(make_site())
    row = day.ids["Ben Sketch"]

    pages = {"advancedmd": "/advancedmd", "push": f"/?date=2026-11-23#open-{row}"}

    assert judged(day.site, tmp_path, pages) == {}
