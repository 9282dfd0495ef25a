"""AdvancedMD's envelope: one message out, one result or Fault back, as JSON or as XML."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from adapters.advancedmd.times import stamp
from adapters.advancedmd.xml import ENCODING, TEXT, read_xml, write_xml
from adapters.rest.answers import decode, dig
from adapters.rest.auth import Ask
from domain.errors import BrokenContract

Wire = Literal["json", "xml"]
RESULTS = "PPMDResults.Results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One request to processrequest.aspx: its action, class, attributes and children.

    `buckets` is the tier its action counts in; `momentary` are attributes that say when it is sent.
    """

    action: str
    kind: str
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    children: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    buckets: tuple[str, ...] = ("tier3",)
    momentary: frozenset[str] = frozenset()

    def ask(self, url: str, *, at: datetime, wire: Wire) -> Ask:
        """The request, signed by nobody yet; `at` is local."""
        about = {"@action": self.action, "@class": self.kind, "@msgtime": stamp(at)}
        own = {f"@{name}": value for name, value in self.attributes.items()}
        children = {
            name: {f"@{key}": value for key, value in one.items()}
            for name, one in self.children.items()
        }
        document = {"ppmdmsg": {**about, "@nocookie": "0", **own, **children}}
        passing = {"@msgtime", *(f"@{name}" for name in self.momentary)}
        lasting = {key: one for key, one in document["ppmdmsg"].items() if key not in passing}
        told_as = json.dumps(lasting, sort_keys=True)
        if wire == "json":
            return Ask(
                method="POST",
                url=url,
                name=self.action,
                buckets=self.buckets,
                json=document,
                read=read_json,
                told_as=told_as,
            )
        return Ask(
            method="POST",
            url=url,
            name=self.action,
            buckets=self.buckets,
            headers={"content-type": "text/xml; charset=ISO-8859-1", "accept": "text/xml"},
            content=write_xml(document),
            read=read_xml,
            told_as=told_as,
        )


def read_json(body: bytes, *, named: str) -> Any:
    """As any JSON; what is no UTF-8 is in the encoding of its older twin."""
    try:
        body.decode()
    except UnicodeDecodeError:
        body = body.decode(ENCODING).encode()
    return decode(body, named=named)


def results(body: Any, *, named: str) -> Mapping[str, Any]:
    """What a request that succeeded brought."""
    found = dig(body, RESULTS)
    if not isinstance(found, dict) or str(found.get("@success")) != "1":
        raise BrokenContract(f"AdvancedMD: {named} answered without results")
    return found


def fault_codes(body: Any) -> tuple[str, ...]:
    """The codes of the Fault in an answer: the short one, the long one, whichever are told."""
    fault = dig(body, "PPMDResults.Error.Fault")
    if fault is None:
        fault = dig(body, "PPMDResults.Results.Error.Fault")
    told = [text_of(dig(fault, "detail.code")), text_of(dig(fault, "faultcode"))]
    return tuple(one for one in told if one)


def has_fault(body: Any) -> bool:
    """Whether a Fault came, or the word that there was no success."""
    return bool(fault_codes(body)) or str(dig(body, f"{RESULTS}.@success")) == "0"


def every(values: Any, *path: str) -> Iterator[dict[str, Any]]:
    """The objects at a path of elements, any of which may be one, many or none."""
    if not path:
        if isinstance(values, dict):
            yield values
        return
    found = values.get(path[0]) if isinstance(values, dict) else None
    for one in found if isinstance(found, list) else [found]:
        yield from every(one, *path[1:])


def listed(results: Mapping[str, Any], around: str, name: str) -> list[Any]:
    """All elements of that name in a list, readable or not; an empty list may come as nothing."""
    held = results.get(around)
    if held in (None, "", []):
        return []
    if not isinstance(held, dict):
        raise BrokenContract(f"AdvancedMD: '{around}' is no list of '{name}'")
    found = held.get(name)
    if found in (None, ""):
        return []
    return found if isinstance(found, list) else [found]


def text_of(value: Any) -> str | None:
    """An element's text, however the twin writes it."""
    found = value.get(TEXT) if isinstance(value, dict) else value
    text = str(found).strip() if isinstance(found, str | int) else ""
    return text or None
