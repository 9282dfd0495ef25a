"""What requests carry and what answers unpack to, in bytes."""

import json as jsonlib
import zlib
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from domain.errors import BrokenContract

# gzip and zlib, told apart by their first bytes.
ANY_DEFLATE = zlib.MAX_WBITS | 32
PACKED = frozenset({"gzip", "x-gzip", "deflate"})

Pairs = Mapping[str, Any] | Sequence[tuple[str, Any]]


def with_params(url: str, params: Pairs | None) -> str:
    """The address with its query; a + becomes %2B, or FHIR servers would read a space."""
    if not params:
        return url
    query = urlencode(params, doseq=True, quote_via=quote, safe="")
    return f"{url}{'&' if '?' in url else '?'}{query}"


def written(json: Any | None, form: Pairs | None) -> tuple[bytes | None, dict[str, str]]:
    """The body to send, and the header that says what it is."""
    if form is not None:
        kind = "application/x-www-form-urlencoded"
        return urlencode(form, doseq=True).encode(), {"Content-Type": kind}
    if json is not None:
        text = jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":"))
        return text.encode(), {"Content-Type": "application/json"}
    return None, {}


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def unpacked(chunks: Iterable[bytes], *, encoding: str, largest: int) -> bytes:
    """The whole body, given up as soon as it is too large: a small archive may hold gigabytes."""
    packed_as = encoding.lower()
    if packed_as in PACKED:
        return _inflated(chunks, largest)
    if packed_as not in {"", "identity"}:
        raise BrokenContract("the answer is packed in a way nobody asked for")
    body = bytearray()
    for chunk in chunks:
        body += chunk
        _check(len(body), largest)
    return bytes(body)


def _inflated(chunks: Iterable[bytes], largest: int) -> bytes:
    body, packed = bytearray(), 0
    unpacker = zlib.decompressobj(ANY_DEFLATE)
    try:
        for chunk in chunks:
            if unpacker.eof:
                continue  # whatever follows is no part of it, and would be kept
            packed += len(chunk)
            body += unpacker.decompress(chunk, largest - len(body) + 1)
            _check(len(body), largest)
        body += unpacker.flush()
    except zlib.error:
        raise BrokenContract("the answer cannot be unpacked") from None
    _check(len(body), largest)
    # What is cut off at its beginning unpacks to nothing, and nothing may be an answer.
    if packed and not unpacker.eof:
        raise BrokenContract("the answer ends before it is complete")
    return bytes(body)


def _check(size: int, largest: int) -> None:
    if size > largest:
        raise BrokenContract(f"the answer is larger than {largest} bytes")
