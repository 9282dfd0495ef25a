"""Messages and their answers, as XML in Latin-1 or as its twin in JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, XMLParser, tostring

from simulators.advancedmd import troubles
from simulators.advancedmd.troubles import Faulted, Refused
from simulators.front import said
from simulators.serving import JSON, Reply, Request

XML = "text/xml"
LATIN = "ISO-8859-1"


@dataclass(frozen=True, slots=True)
class Message:
    root: Element
    is_json: bool  # the answer, that is

    @property
    def action(self) -> str:
        return self.root.get("action", "").casefold()

    def get(self, name: str) -> str:
        """What cannot be left out."""
        value = self.root.get(name)
        if not value:
            raise Faulted(troubles.MISSING, name)
        return value

    def maybe(self, name: str, usual: str = "") -> str:
        return self.root.get(name) or usual


def read(request: Request) -> Message:
    root = _read_json(request.body) if request.body[:1] in {b"{", b"["} else _read_xml(request)
    if root.tag != "ppmdmsg":
        raise Refused(HTTPStatus.BAD_REQUEST, "The message is not a ppmdmsg")
    return Message(root, JSON in request.headers.get("accept", ""))


def _read_xml(request: Request) -> Element:
    if not request.headers.get("content-type", "").startswith(XML):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send text/xml")
    if b"<!" in request.body:
        raise Refused(HTTPStatus.BAD_REQUEST, "The message must not have a document type")
    parser = XMLParser()  # noqa: S314 - nothing is left of what makes it unsafe
    try:
        parser.feed(request.body)
        return parser.close()
    except (ParseError, ValueError):
        raise Refused(HTTPStatus.BAD_REQUEST, "The message cannot be read") from None


def _read_json(body: bytes) -> Element:
    try:
        [(tag, inside)] = json.loads(body).items()
    except (ValueError, AttributeError):
        raise Refused(HTTPStatus.BAD_REQUEST, "The message cannot be read") from None
    return _element(tag, inside)


def _element(tag: str, inside: Any) -> Element:
    element = Element(tag)
    if not isinstance(inside, Mapping):
        element.text = None if inside is None else str(inside)
        return element
    for name, value in inside.items():
        if name.startswith("@"):
            element.set(name[1:], str(value))
        elif name == "#text":
            element.text = str(value)
        else:
            each_of = value if isinstance(value, list) else [value]
            element.extend(_element(name, each) for each in each_of)
    return element


def answered(message: Message, results: Element) -> Reply:
    results.set("success", "1")
    return _written(message, results, None)


def faulted(message: Message, fault: Faulted, results: Element | None = None) -> Reply:
    """HTTP 200, whatever went wrong."""
    results = Element("Results") if results is None else results
    results.set("success", "0")
    return _written(message, results, fault)


def _written(message: Message, results: Element, fault: Faulted | None) -> Reply:
    root = Element("PPMDResults")
    root.append(results)
    error = SubElement(root, "Error")
    if fault:
        told = SubElement(error, "Fault")
        SubElement(told, "faultcode").text = str(fault.number)
        detail = SubElement(told, "detail")
        SubElement(detail, "code").text = str(fault.code)
        SubElement(detail, "description").text = fault.description
    if message.is_json:
        return said({root.tag: twin(root)})
    # Letters that Latin-1 lacks become references.
    body = tostring(root, encoding=LATIN)
    return Reply(body=body, content_type=f"{XML}; charset={LATIN}")


def twin(element: Element) -> Any:
    """One child is an object, several are an array; what holds nothing is null."""
    told: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    for tag in dict.fromkeys(child.tag for child in element):
        inside = [twin(child) for child in element.findall(tag)]
        told[tag] = inside[0] if len(inside) == 1 else inside
    if element.text:
        return {**told, "#text": element.text} if told else element.text
    return told or None
