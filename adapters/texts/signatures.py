"""Whether a callback comes from Twilio: its signature over the address and what was posted."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit, urlunsplit

HEADER = "x-twilio-signature"
LONGEST_SIGNATURE = 200
DEFAULT_PORTS = {"https": 443, "http": 80}

Posted = Mapping[str, Sequence[str]]


def is_genuine(given: str, *, url: str, posted: Posted, body: bytes, auth_token: str) -> bool:
    """`url` is our public address as Twilio was told it, query included; `body` as it came.

    Twilio signs the address with each posted name and value behind it, sorted; for JSON the query
    holds a hash of the body instead. With and without the default port are both accepted.
    (github.com/twilio/twilio-python, request_validator.py)
    """
    if not given or not given.isascii() or len(given) > LONGEST_SIGNATURE:
        return False
    query = parse_qs(urlsplit(url).query)
    promised = query.get("bodySHA256", [""])[0]
    if promised:
        if not hmac.compare_digest(
            hashlib.sha256(body).hexdigest().encode(), promised.lower().encode()
        ):
            return False
        posted = {}
    expected = [_signature(one, posted, auth_token) for one in _spellings(url)]
    matches = [hmac.compare_digest(given.encode(), one) for one in expected]
    return any(matches)


def _signature(url: str, posted: Posted, auth_token: str) -> bytes:
    text = url + "".join(
        f"{name}{value}" for name in sorted(posted) for value in sorted(set(posted[name]))
    )
    # SHA-1 is Twilio's choice; as a keyed hash it still holds.
    return base64.b64encode(hmac.digest(auth_token.encode(), text.encode(), "sha1"))


def _spellings(url: str) -> tuple[str, str]:
    """Without and with the port that the scheme implies."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or DEFAULT_PORTS.get(parts.scheme, 443)
    bare = host if port == DEFAULT_PORTS.get(parts.scheme) else f"{host}:{port}"
    return (
        urlunsplit(parts._replace(netloc=bare)),
        urlunsplit(parts._replace(netloc=f"{host}:{port}")),
    )
