"""AdvancedMD's XML as its own JSON twin tells it: attributes as @name, one child not in a list."""

from typing import Any, NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from domain.errors import BrokenContract

ENCODING = "iso-8859-1"
TEXT = "#text"
_DEEPEST = 32
_MOST_ELEMENTS = 500_000
_PROLOG = 200


class _Refused(Exception):
    """What no answer of AdvancedMD has a use for."""


class _Reader:
    """Builds the twin while the parser walks; gives up on whatever is endless or declares much."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}
        self._open: list[dict[str, Any]] = [self.document]
        self._texts: list[list[str]] = [[]]
        self._names: list[str] = []
        self._elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._open) > _DEEPEST or self._elements > _MOST_ELEMENTS:
            raise _Refused
        self._open.append({f"@{key}": value for key, value in attributes.items()})
        self._texts.append([])
        self._names.append(name)

    def text(self, text: str) -> None:
        self._texts[-1].append(text)

    def end(self, name: str) -> None:
        values, text = self._open.pop(), "".join(self._texts.pop()).strip()
        self._names.pop()
        found: Any = values
        if not values:
            found = text or None
        elif text:
            values[TEXT] = text
        _add(self._open[-1], name, found)

    def refuse(self, *_: Any) -> NoReturn:
        raise _Refused


def read_xml(body: bytes, *, named: str) -> Any:
    """The twin of an XML answer; anything else, and any DOCTYPE, breaks the contract."""
    reader = _Reader()
    says_encoding = body[:5] == b"<?xml" and b"encoding" in body[:_PROLOG].partition(b"?>")[0]
    # Their replies are ISO-8859-1, whether or not the prolog says so.
    parser = expat.ParserCreate(None if says_encoding else ENCODING)
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    parser.ExternalEntityRefHandler = reader.refuse
    try:
        parser.Parse(body, True)  # noqa: FBT003 - the parser takes no keywords
    except (expat.ExpatError, _Refused, ValueError, LookupError):
        raise BrokenContract(f"{named} answered with something that is not plain XML") from None
    return reader.document


def write_xml(document: dict[str, Any]) -> bytes:
    """A twin as XML, in the one encoding AdvancedMD speaks."""
    text = f'<?xml version="1.0" encoding="{ENCODING}"?>' + "".join(_elements(document))
    return text.encode(ENCODING, errors="xmlcharrefreplace")


def _elements(document: dict[str, Any]) -> list[str]:
    return [
        _element(name, one)
        for name, value in document.items()
        if not name.startswith(("@", "#"))
        for one in (value if isinstance(value, list) else [value])
    ]


def _element(name: str, value: Any) -> str:
    if not isinstance(value, dict):
        return f"<{name}>{escape('' if value is None else str(value))}</{name}>"
    told = [f" {key[1:]}={quoteattr(str(one))}" for key, one in value.items() if key[:1] == "@"]
    inside = escape(str(value.get(TEXT, ""))) + "".join(_elements(value))
    return f"<{name}{''.join(told)}>{inside}</{name}>"


def _add(parent: dict[str, Any], name: str, found: Any) -> None:
    if name not in parent:
        parent[name] = found
    elif isinstance(parent[name], list):
        parent[name].append(found)
    else:
        parent[name] = [parent[name], found]
