"""Records what a PMS answers: everything that is read of it, and nothing that signs a request."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from adapters import pms
from adapters.rest.minimised import withheld
from adapters.rest.ports import Answer
from domain.connections import Connection
from domain.errors import BrokenContract, Refused, Transient
from domain.minimising import Extra
from domain.recordings import Keep, Question
from domain.sheet import as_json
from infra.clock import Clock

UNSAID = re.compile(r"note|comment|memo", re.IGNORECASE)
"""What notes are called, in answers of vendors whose notes do not come to us."""

UNREADABLE = b"{"
OLDER = "iso-8859-1"
"""What is no UTF-8 is searched as this, in which all bytes are letters."""

_TAG = re.compile(rb"""<(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+>""")
_BEYOND = re.compile(r"[^\x00-\xff]")
_NAMED = re.compile(rb"[^\s/<>]+")
_ATTRIBUTE = re.compile(
    rb"""(?i)(?<=\s)([^\s="'<>]*+)(\s*+=\s*+)("[^"]*+"|'[^']*+')""",
)
_WIRE = (BrokenContract, Refused, Transient)
"""What a vendor or the line to it does; that a job was taken over meanwhile is no answer."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """Keeps each answer as it comes, whatever becomes of it afterwards."""

    keep: Keep
    clock: Clock
    vendor: str

    def opened(self, connection: Connection, secrets: Mapping[str, str]) -> None:
        """What an attempt goes by; of its secrets only what they are called."""
        self.keep(
            {
                "kind": "opened",
                "connection": as_json(connection),
                "secrets": [*filter(secrets.get, secrets)],
            }
        )

    def answered(self, question: Question, send: Callable[[], Answer]) -> Answer:
        try:
            answer = send()
        except _WIRE as trouble:
            self.keep({**self._asked(question), "error": trouble.kind, "text": str(trouble)})
            raise
        headers = {
            name: told for name, told in answer.headers.items() if name.lower() in question.headers
        }
        body = _without(_noteless(answer.body, self.vendor), question.hidden)
        self.keep({**self._asked(question), "status": answer.status, "headers": headers}, body)
        return answer

    def _asked(self, question: Question) -> Mapping[str, Any]:
        at = self.clock().isoformat()
        asked = {"method": question.method, "path": question.path, "body": question.body}
        return {"kind": "answer", "at": at, **asked}


def _without(body: bytes, hidden: Any) -> bytes:
    """As long as it was: what signs our requests may come back in an answer."""
    for one in hidden:
        for written in {one.encode(), json.dumps(one)[1:-1].encode(), escape(one).encode()}:
            body = body.replace(written, b"*" * len(written))
    return body


def _noteless(body: bytes, vendor: str) -> bytes:
    """Without notes that never reach us; what cannot be read for that stays unreadable."""
    described = pms.vendor(vendor)
    if Extra.NOTES not in withheld(described) or not body.strip():
        return body
    if body.lstrip().startswith(b"<"):
        return _noteless_xml(body)
    exact = frozenset(spot.rpartition(".")[2] for spot in described.holds.get(Extra.NOTES, ()))
    try:
        return _noteless_json(body, exact)
    except (ValueError, RecursionError):
        return UNREADABLE


def _noteless_json(body: bytes, exact: frozenset[str]) -> bytes:
    """In the encoding it came in, which a vendor's reader may or may not put up with."""
    try:
        return json.dumps(_blank(json.loads(body), exact)).encode()
    except UnicodeDecodeError:
        told = json.dumps(_blank(json.loads(body.decode(OLDER)), exact), ensure_ascii=False)
        return _BEYOND.sub(lambda found: json.dumps(found[0])[1:-1], told).encode(OLDER)


def _noteless_xml(body: bytes) -> bytes:
    """Tag by tag, in one pass whatever is sent; a stray `<` could begin anything."""
    kept: list[bytes] = []
    at = within = 0
    for tag in _TAG.finditer(body):
        between = body[at : tag.start()]
        if b"<" in between:
            return UNREADABLE
        kept += [b"" if within else between, _ATTRIBUTE.sub(_unsaid, tag[0])]
        within = _within(within, tag[0])
        at = tag.end()
    rest = body[at:]
    return UNREADABLE if within or b"<" in rest else b"".join([*kept, rest])


def _within(within: int, tag: bytes) -> int:
    """How deep in an element of notes whatever follows the tag stands; 0 outside of any."""
    if tag.startswith((b"<?", b"<!")) or tag.endswith(b"/>"):
        return within
    if tag.startswith(b"</"):
        return max(within - 1, 0)
    named = _NAMED.search(tag)
    is_note = named is not None and UNSAID.search(named[0].decode(errors="replace"))
    return within + 1 if within or is_note else 0


def _unsaid(found: re.Match[bytes]) -> bytes:
    is_note = UNSAID.search(found[1].decode(errors="replace"))
    return found[1] + found[2] + b'""' if is_note else found[0]


def _blank(value: Any, exact: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_blank(one, exact) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: None if key in exact or UNSAID.search(key) else _blank(one, exact)
        for key, one in value.items()
    }
