"""Every page can be read, reached and pressed: in both lights, wide, on a phone, narrower still."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.browser.driving import drive
from tests.browser.everything import LONG, REASON, fill
from tests.producers.conftest import Site
from tests.producers.ledger import practice, put_job
from tests.producers.test_a_crash import UNKNOWN_RULE
from tests.producers.two_way import two_way_day

pytestmark = [pytest.mark.browser, pytest.mark.integration]

Asked = str | Sequence[str]
"""An address, and after it what is pressed there."""

PAGES: Mapping[str, Mapping[str, Asked]] = {
    "what somebody works with": {
        "sheet": "/?date=2026-11-23",
        "unread-day": "/?date=2026-11-24",
        "row": "/?date=2026-11-23#open-{row}",
        "editor": ("/?date=2026-11-23#open-{row}", '.details [data-edit="patient_phone"]'),
        "adding": ("/?date=2026-11-23", "[data-add]"),
        "names": "/?date=2026-11-25",
        "name": "/?date=2026-11-25#open-{long}",
        "foreign-name": "/?date=2026-11-25#open-{foreign}",
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
        "setup-connected": "/setup?connection={begun}&step=connect",
        "setup-practitioners": "/setup?connection={begun}&step=practitioners",
        "setup-types": "/setup?connection={begun}&step=types",
        "setup-start": "/setup?connection={begun}",
        "setup-sikka": "/setup/sikka",
    },
    "what an operator looks at": {
        "deliveries": "/deliveries",
        "outgoing": "/outgoing",
        "queues": "/queues",
        "what-if": "/queues/what-if?every-{clinic}=9",
        "job": "/queues/jobs/{job}",
        "shares": "/queues/shares",
        "callers": "/queues/callers",
        "audit": "/audit",
    },
}


def judged(
    site: Site, shots: Path, pages: Mapping[str, Asked], **more: Any
) -> dict[str, list[str]]:
    """What is wrong with each page, or with what is there once those buttons were pressed."""
    base = str(site.client.base_url).rstrip("/")
    return drive("judging", base=base, token=site.link(), shots=shots, pages=pages, **more)


def played(scenario: str, site: Site, shots: Path) -> dict[str, Any]:
    base = str(site.client.base_url).rstrip("/")
    return drive(scenario, base=base, token=site.link(), shots=shots)


def test_what_bars_the_way_is_told_with_its_page_its_rule_and_its_element(
    site: Site, browser_parts: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        AssertionError, match=r"/ \(barred\.png\)\D+select-name: <select data-filter"
    ):
        drive("barring", base=site.ports.base_url, token=site.link(), shots=tmp_path)


def asked_of(asked: Asked, **told: UUID | int) -> Asked:
    if isinstance(asked, str):
        return asked.format(**told)
    path, *pressed = asked
    return (path.format(**told), *pressed)


@pytest.mark.parametrize("pages", list(PAGES))
def test_nothing_of_a_page_is_hard_to_read_or_to_reach(
    pages: str, busy_site: Site, browser_parts: Path, tmp_path: Path
) -> None:
    fill(busy_site)
    clinic = practice(busy_site, "Example Clinic")
    told: Mapping[str, UUID | int] = {
        "clinic": clinic,
        "job": put_job(busy_site, connection_id=clinic, state="dead", error_text=REASON),
        "begun": practice(busy_site, "Harbour Allied Health"),
        "row": busy_site.ids["Grace Invented"],
        "long": busy_site.ids[LONG],
        "foreign": busy_site.ids["محمد عبد الرحمن الهاشمي"],
    }

    paths = {name: asked_of(path, **told) for name, path in PAGES[pages].items()}

    assert judged(busy_site, tmp_path, paths) == {}


def test_nothing_of_a_practice_that_takes_changes_is_hard_to_read_or_to_reach(
    make_site: Callable[..., Site], browser_parts: Path, tmp_path: Path
) -> None:
    day = two_way_day(make_site())
    refused, unknown = (day.ids[name] for name in ("Ben Sketch", "Joan Walkin"))
    choose = "#push-patient button.primary"
    pages: Mapping[str, Asked] = {
        "advancedmd": "/advancedmd",
        "advancedmd-linking": ("/advancedmd", "#people button.primary, #people button"),
        "advancedmd-connection": f"/connections/{day.connection}",
        "push": f"/?date=2026-11-23#open-{refused}",
        "push-patient": f"/?date=2026-11-23#open-{unknown}",
        "push-linking": (f"/?date=2026-11-23#open-{unknown}", choose, ".who-list label"),
        "push-cancelling": (f"/?date=2026-11-23#open-{refused}", '.details [data-edit="status"]'),
        "push-sending": ("/?date=2026-11-23", "[data-send]"),
    }

    assert judged(day.site, tmp_path, pages) == {}


def test_nothing_of_a_page_that_failed_or_lets_nobody_in_is_hard_to_read_or_to_reach(
    site: Site, browser_parts: Path, tmp_path: Path
) -> None:
    with site.everything() as db:
        db.execute(UNKNOWN_RULE)

    inside = {"defect": "/audit", "nowhere": "/nowhere", "already-inside": "/login"}
    outside = {
        "sign-in": "/login",
        "good-link": f"/login?token={site.link()}",
        "spent-link": "/login?token=spent",
        "nowhere-outside": "/nowhere",
    }

    assert judged(site, tmp_path, inside, outside=outside) == {}


def test_a_sheet_is_printed_black_on_white_and_whole_from_a_dark_screen(
    busy_site: Site, browser_parts: Path, tmp_path: Path
) -> None:
    fill(busy_site)

    found = played("paper", busy_site, tmp_path)

    for wrong in ("pale", "cut", "broken"):
        assert found[wrong] == {"2026-11-23": [], "2026-11-25": []}
    assert found["year"], "the paper says of which year it is"
    assert re.fullmatch(r"Printed on \w+day \d+ \w+ at \d\d:\d\d", found["printed"])
    assert (found["frame"], found["onScreen"]) == (False, False)
    assert (found["inkOnScreen"], found["inkOnPaper"]) == ("rgb(230, 237, 233)", "rgb(21, 32, 27)")


def test_what_is_on_and_where_one_is_shows_in_colours_of_ones_own_and_keeps_still(
    site: Site, browser_parts: Path, tmp_path: Path
) -> None:
    found = played("own_colours", site, tmp_path)

    assert len({*found["on"], *found["off"]}) > 2
    assert all(knob != ground for ground, knob in (found["on"], found["off"]))
    assert found["moving"] == "0s"
    assert (found["here"], found["elsewhere"]) == ("underline", "none")
    assert found["tab"] != found["page"] == found["tabs"]
