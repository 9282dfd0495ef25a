"""Whoever works by keyboard keeps their place, whatever the button they press does."""

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
    "the sheet": ("/?date=2026-11-23",),
    "practices": ("/sync", "/settings", "/setup", "/setup/sikka"),
    "one practice": ("/connections/{clinic}", "/connections"),
    "what is to be decided": ("/conflicts", "/audit"),
    "what comes and goes": ("/deliveries", "/outgoing"),
    "the queues": ("/queues", "/queues/what-if?every-{clinic}=9"),
}


def walked(site: Site, shots: Path, *paths: str) -> tuple[list[str], int]:
    """Which buttons lost somebody their place, and how many of the barest page were pressed."""
    base = str(site.client.base_url).rstrip("/")
    told = drive("pressing", base=base, token=site.link(), shots=shots, paths=paths)
    pages = told["found"]
    assert told["trouble"] == []
    lost = [f"{path}: {one}" for path, seen in pages.items() for one in seen["lost"]]
    return lost, min(len(seen["pressed"]) for seen in pages.values())


@pytest.mark.parametrize("pages", list(PAGES))
def test_no_button_of_a_page_loses_somebody_their_place(
    pages: str, busy_site: Site, browser_parts: Path, tmp_path: Path
) -> None:
    fill(busy_site)
    clinic = practice(busy_site, "Example Clinic")

    paths = [one.format(clinic=clinic) for one in PAGES[pages]]
    lost, pressed = walked(busy_site, tmp_path, *paths)

    assert lost == []
    assert pressed > 0


def test_no_button_of_a_practice_that_takes_changes_loses_somebody_their_place(
    make_site: Callable[..., Site], browser_parts: Path, tmp_path: Path
) -> None:
    day = two_way_day(make_site())
    rows = [f"/?date=2026-11-23#open-{day.ids[one]}" for one in ("Ben Sketch", "Joan Walkin")]

    lost, pressed = walked(day.site, tmp_path, "/advancedmd", *rows)

    assert lost == []
    assert pressed > 0
