"""Every link of the documents leads somewhere, and every test they cite exists."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "bench/**/*.md", "tests/**/*.md")
    for path in ROOT.glob(pattern)
    if "node_modules" not in path.parts
)
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^()\s]+(?:\([^()]*\))?)\)")
FENCE = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
TESTS = re.compile(r"`(tests/[\w/.-]+)`")
MAPPED = ("domain", "infra", "adapters", "workers", "scheduler", "producers", "console")
OUTSIDE = ("http://", "https://", "mailto:")


def prose(path: Path) -> str:
    """What is written, without what is shown: commands and code may hold brackets of their own."""
    text = FENCE.sub("", path.read_text())
    return re.sub(r"`[^`\n]*`", "", text)


@cache
def anchors(path: Path) -> frozenset[str]:
    """What GitHub makes of the headings; a second one of a name gets a number."""
    found: list[str] = []
    for heading in re.findall(r"^#{1,6} (.+?)\s*$", FENCE.sub("", path.read_text()), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        before = sum(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", one) is not None for one in found)
        found.append(f"{slug}-{before}" if before else slug)
    return frozenset(found)


def broken(path: Path) -> Iterator[str]:
    for link in LINK.findall(prose(path)):
        if link.startswith(OUTSIDE):
            continue
        where, _, anchor = unquote(link).partition("#")
        target = (path.parent / where).resolve() if where else path
        if not target.exists() or ROOT not in target.parents:
            yield f"{link}: there is no such file"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            yield f"{link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_a_page_cites_exists(page: Path) -> None:
    cited = TESTS.findall(page.read_text())

    missing = [one for one in cited if not (ROOT / one).exists()]
    # The walk-through makes a PMS that nobody has.
    assert [one for one in missing if "examplepms" not in one] == []


def folders(table: str) -> set[str]:
    """What the first cells of a table name: `adapters/rest/`."""
    firsts = re.findall(r"^\|(.+?)\|", table, re.MULTILINE)
    return {name.rstrip("/") for cell in firsts for name in re.findall(r"`([\w/]+/)`", cell)}


def test_the_map_has_every_package_and_nothing_that_is_gone() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    everywhere, storage = text.split("### Storage")
    mapped = folders(everywhere) | {f"adapters/storage/{one}" for one in folders(storage)}

    packages = {
        path.parent.relative_to(ROOT).as_posix()
        for top in MAPPED
        for path in (ROOT / top).rglob("__init__.py")
    }

    assert packages - mapped == {"adapters/storage/tables"}
    assert [one for one in mapped if not (ROOT / one).is_dir()] == []


def test_every_page_of_the_docs_is_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or not page.exists():
            continue
        reached.add(page)
        links = (unquote(one).partition("#")[0] for one in LINK.findall(prose(page)))
        waiting += [(page.parent / one).resolve() for one in links if one.endswith(".md")]

    missed = {path for path in PAGES if path.parent == ROOT / "docs"} - reached
    assert {str(path.relative_to(ROOT)) for path in missed} == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see [this](a.md#b-c) and [that](../d.md)", ["a.md#b-c", "../d.md"]),
        ("![picture](x.png)", ["x.png"]),
        ("[a [b] c](d.md)", ["d.md"]),
        ("no [link] (here)", []),
    ],
)
def test_links_are_found_as_markdown_has_them(text: str, found: list[str]) -> None:
    assert LINK.findall(text) == found
