"""How listings are walked page by page, and what stops a walk that would not end."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol
from urllib.parse import urljoin, urlsplit

from adapters.rest.answers import dig
from adapters.rest.envelope import Contents
from domain.errors import BrokenContract, EndlessListing
from domain.sources import MOST_PAGES

MAX_PAGES = MOST_PAGES
_MOST_COUNTED = 10**15
_COUNTED = re.compile(r"(\d{0,15})\|(.*)", re.DOTALL)
"""Before a mark: how many records the vendor counted when the walk began, if it counted any."""
MOST_MARK = 4_096
"""Characters of a mark: it travels in an address, and is kept with the run."""

MOST_BLANK_PAGES = 5
"""Empty pages in a row, each with another to follow, before a listing is thought endless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How one page is asked for: more parameters, or an address that replaces path and all."""

    params: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None


class Paging(Protocol):
    """One way of paging; a mark is the text that stands for a page, None the first."""

    @property
    def mark_seconds(self) -> float | None:
        """For how long a mark is good; None for ever, 0 for no longer than the walk itself."""

    def step(self, mark: str | None) -> Step: ...

    def after(self, contents: Contents, *, mark: str | None, url: str) -> str | None:
        """The mark of the page that follows; None where there is none."""

    def total(self, contents: Contents) -> int | None:
        """How many records the vendor says the whole listing has, if it shifts while read."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything in one answer."""

    mark_seconds: float | None = None

    def step(self, mark: str | None) -> Step:
        return Step()

    def after(self, contents: Contents, *, mark: str | None, url: str) -> str | None:
        return None

    def total(self, contents: Contents) -> int | None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Each answer names the next page by an opaque text."""

    param: str
    found_at: str
    size_param: str
    size: int
    mark_seconds: float | None = None

    def step(self, mark: str | None) -> Step:
        size = {self.size_param: str(self.size)}
        return Step(params=size if mark is None else {**size, self.param: mark})

    def after(self, contents: Contents, *, mark: str | None, url: str) -> str | None:
        # A page may be short although more follows: only this word decides.
        must_say(self.found_at, contents, size=1)
        found = dig(contents.body, self.found_at)
        if found is not None and not isinstance(found, str):
            raise BrokenContract(f"'{self.found_at}' is not a cursor")
        return found or None

    def total(self, contents: Contents) -> int | None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageNumber:
    """Pages by number, from `first`; or by how many records go before, where that is what `counts`.

    `last_at` is a flag that says the end, `next_at` something that is blank there; without either
    an empty page ends the walk, as it does anyway.
    """

    param: str
    size_param: str
    size: int
    first: int = 0
    counts: Literal["pages", "records"] = "pages"
    last_at: str | None = None
    next_at: str | None = None
    total_at: str | None = None
    mark_seconds: float | None = None

    def step(self, mark: str | None) -> Step:
        return Step(params={self.size_param: str(self.size), self.param: mark or str(self.first)})

    def after(self, contents: Contents, *, mark: str | None, url: str) -> str | None:
        if self.next_at:
            must_say(self.next_at, contents, size=self.size)
        if not contents.listed or self._is_last(contents.body):
            return None
        # Records as they came: a vendor may give fewer at once than were asked for.
        further = 1 if self.counts == "pages" else len(contents.listed)
        return str(int(mark or self.first) + further)

    def total(self, contents: Contents) -> int | None:
        return _whole_number(contents.body, self.total_at)

    def _is_last(self, body: Any) -> bool:
        if self.last_at and dig(body, self.last_at) is True:
            return True
        return self.next_at is not None and not dig(body, self.next_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextLink:
    """Each answer links to the next page; followed as it is, on the same host only.

    The link is the text at `found_at`; without it, that of the `relation` among FHIR's links.
    """

    found_at: str | None = None
    relation: str = "next"
    size_param: str | None = None
    size: int = 100
    total_at: str | None = None
    mark_seconds: float | None = None

    def step(self, mark: str | None) -> Step:
        if mark is not None:
            return Step(address=mark)
        return Step(params={self.size_param: str(self.size)} if self.size_param else {})

    def after(self, contents: Contents, *, mark: str | None, url: str) -> str | None:
        if self.found_at is None:
            link = self._related(contents)
        else:
            must_say(self.found_at, contents, size=self.size)
            link = dig(contents.body, self.found_at)
        return _address(link, url=url) if link else None

    def total(self, contents: Contents) -> int | None:
        return _whole_number(contents.body, self.total_at)

    def _related(self, contents: Contents) -> Any:
        """The address of the first link of that relation, as FHIR writes them."""
        links = dig(contents.body, "link")
        told = [] if links is None else links
        if not isinstance(told, list) or not all(map(_is_link, told)):
            raise BrokenContract("'link' is not a list of links")
        found = [link.get("url") for link in told if link["relation"] == self.relation]
        if found and found[0]:
            return found[0]
        is_full = len(contents.listed) >= self.size
        is_more = is_full or len(contents.listed) < (self.total(contents) or 0)
        if is_full if found else links is None and is_more:
            raise BrokenContract("'link' does not say whether more follows")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One page of a walk; `onward` is the mark of the next.

    A last one that `is_short` ends a listing that counts more than it has listed.
    """

    contents: Contents
    onward: str | None = None
    is_last: bool = False
    is_short: bool = False


Fetch = Callable[[Step], Contents]


def walk(
    paging: Paging, fetch: Fetch, *, url: str, named: str, resume: str | None = None
) -> Iterator[Turn]:
    """The pages from `resume` on; once more from the start where the listing shifted meanwhile.

    So, too, where it ended before all that it counts; where it does so again its last page tells.
    Each mark says how much was counted at first, for whoever goes on after a wait.
    """
    counted, mark = _placed(resume)
    is_first, listed = True, 0
    for turn in _pass(paging, fetch, url=url, named=named, mark=mark):
        total = paging.total(turn.contents)
        if is_first and resume is None:
            counted = total
        is_first, listed = False, listed + len(turn.contents.items)
        again = turn.is_last and (
            _has_shifted(counted, total, is_whole=resume is None)
            or (resume is None and _is_short(paging, turn.contents, listed))
        )
        yield replace(turn, is_last=False) if again else _counting(turn, counted)
        if again:
            yield from _once_more(paging, fetch, url=url, named=named)


def _once_more(paging: Paging, fetch: Fetch, *, url: str, named: str) -> Iterator[Turn]:
    counted, listed = None, 0
    for turn in _pass(paging, fetch, url=url, named=named, mark=None):
        counted = paging.total(turn.contents) if listed == 0 else counted
        listed += len(turn.contents.items)
        is_short = turn.is_last and _is_short(paging, turn.contents, listed)
        yield replace(turn, is_short=True) if is_short else _counting(turn, counted)


def _pass(
    paging: Paging, fetch: Fetch, *, url: str, named: str, mark: str | None
) -> Iterator[Turn]:
    """One pass, guarded against pages that repeat and pages without end."""
    marks, guard = {mark}, Guard()
    for _ in range(MAX_PAGES):
        contents = fetch(paging.step(mark))
        with broken_at(named):
            guard.look_at(contents)
            mark = _short(paging.after(contents, mark=mark, url=url))
        yield Turn(contents=contents, onward=mark, is_last=mark is None)
        if mark is None:
            return
        if mark in marks:
            raise EndlessListing(f"{named} leads round in a circle")
        marks.add(mark)
    raise EndlessListing(f"{named} did not end after {MAX_PAGES} pages")


@dataclass(slots=True)
class Guard:
    """Knows every page of a pass again, under whatever mark it comes."""

    pages: set[int] = field(default_factory=set)
    blank: int = 0

    def look_at(self, contents: Contents) -> None:
        items = contents.listed
        if not items:
            self.blank += 1
            if self.blank > MOST_BLANK_PAGES:
                raise EndlessListing("answers nothing but empty pages")
            return
        page = hash(repr([one.get("id", one) if isinstance(one, dict) else one for one in items]))
        if page in self.pages:
            raise EndlessListing("answered the same page twice")
        self.pages.add(page)
        self.blank = 0


@contextmanager
def broken_at(named: str) -> Iterator[None]:
    """Say of which answer it is that a promise was broken."""
    try:
        yield
    except BrokenContract as broken:
        raise type(broken)(f"{named}: {broken}") from None


def must_say(path: str, contents: Contents, *, size: int) -> None:
    """A full page whose `path` has lost what it stands in does not say whether more follows.

    Nor does any where something else stands there.
    """
    around, _, _ = path.rpartition(".")
    told = dig(contents.body, around) if around else {}
    if told is None and len(contents.listed) >= size:
        raise BrokenContract(f"'{around}' is missing")
    if told is not None and not isinstance(told, dict):
        raise BrokenContract(f"'{around}' is not an object")


def _is_link(link: Any) -> bool:
    return isinstance(link, dict) and isinstance(link.get("relation"), str)


def _short(mark: str | None) -> str | None:
    if mark is not None and len(mark) > MOST_MARK:
        raise BrokenContract(f"what leads to the next page is longer than {MOST_MARK} characters")
    return mark


def _whole_number(body: Any, path: str | None) -> int | None:
    found = dig(body, path) if path else None
    return found if type(found) is int and 0 <= found < _MOST_COUNTED else None


def _has_shifted(before: int | None, now: int | None, *, is_whole: bool) -> bool:
    """A mark of an older version does not say what was counted before."""
    return before != now and (is_whole or before is not None)


def _counting(turn: Turn, counted: int | None) -> Turn:
    """A mark that looks as if it were counted is told apart by a count of nothing."""
    if turn.onward is None or (counted is None and not _COUNTED.fullmatch(turn.onward)):
        return turn
    return replace(turn, onward=f"{'' if counted is None else counted}|{turn.onward}")


def _placed(resume: str | None) -> tuple[int | None, str | None]:
    """What was counted at first, and the mark."""
    told = _COUNTED.fullmatch(resume or "")
    if told is None:
        return None, resume
    return int(told[1]) if told[1] else None, told[2]


def _is_short(paging: Paging, last: Contents, listed: int) -> bool:
    """Of page numbers alone: what a Bundle counts may be more than its matches."""
    total = paging.total(last) if isinstance(paging, PageNumber) else None
    return total is not None and listed < total


def _address(link: Any, *, url: str) -> str:
    """Path and query of a link; a link that leaves the host would carry the token with it."""
    if not isinstance(link, str):
        raise BrokenContract("the next link is not an address")
    ours, theirs = urlsplit(url), urlsplit(urljoin(url, link))
    if (theirs.scheme, theirs.netloc) != (ours.scheme, ours.netloc):
        raise BrokenContract("the next link leaves the vendor's host")
    return theirs._replace(scheme="", netloc="", fragment="").geturl()
