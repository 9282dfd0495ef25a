"""A request as a recording knows it: without what signs it, and told from every other."""

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from adapters.rest.auth import Ask
from adapters.rest.vendor import Vendor
from domain.recordings import Question

UNSIGNED = frozenset({"accept", "content-type"})
ALWAYS = frozenset({"content-type", "date", "retry-after"})
SHORTEST_SIGNED, SHORTEST_SECRET = 8, 12
"""A user name of four letters is in half of all answers; what signs a request never is so short."""

_WORDS = re.compile(r"[^\s;,]+")


def question(ask: Ask, vendor: Vendor, secrets: Mapping[str, str]) -> Question:
    parts = urlsplit(ask.url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    hidden = [*_signing(ask), *_long(secrets)]
    return Question(
        method=ask.method,
        path=_without(path if ask.told_as is None else "", hidden),
        body=_without(_body(ask) if ask.told_as is None else ask.told_as, hidden),
        headers=_read(vendor),
        hidden=hidden,
    )


def _body(ask: Ask) -> str:
    if ask.content is not None:
        return ask.content.decode(errors="replace")
    told = ask.json if ask.json is not None else ask.form
    return "" if told is None else json.dumps(told, sort_keys=True)


def _signing(ask: Ask) -> Iterator[str]:
    for name, value in (ask.headers or {}).items():
        if name.lower() not in UNSIGNED:
            words = _WORDS.findall(value)
            named = (one.partition("=")[2] for one in words)
            yield from (one for one in (*words, *named) if len(one) >= SHORTEST_SIGNED)


def _long(secrets: Mapping[str, str]) -> Iterator[str]:
    return (value for value in secrets.values() if len(value) >= SHORTEST_SECRET)


def _without(text: str, hidden: list[str]) -> str:
    for one in hidden:
        text = text.replace(one, "[secret]")
    return text


def _read(vendor: Vendor) -> frozenset[str]:
    """Whatever header the description has a use for."""
    rate = vendor.rate_headers
    told = [rate.limit, rate.remaining, rate.reset] if rate else []
    for first in (vendor.appointments, vendor.changes, vendor.appointment):
        for listing in (first, *first.further) if first else ():
            told += [listing.mark_header, *(listing.loading or ())[:1]]
    return ALWAYS | {one.lower() for one in told if one}
