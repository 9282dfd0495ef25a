"""Whether a message comes from Vapi, by every way it can sign one, judged on the bytes."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import jwt

from domain.errors import BadInput

WINDOW = timedelta(seconds=300)
MILLISECONDS_FROM = 10**11
"""The unit of a timestamp is not documented; anything so large counts milliseconds."""

LONGEST_PROOF = 8192
ALGORITHMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}
AUDIENCE = "vapi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A request as it arrived; header names in lower case."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    method: str = "POST"
    url: str = ""
    now: datetime


class Plan(Protocol):
    """One way of signing; any of its secrets will do, so that they can be changed under way."""

    def proves(self, request: Signed) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A fixed token in a header, with or without the word Bearer before it."""

    secrets: Sequence[str] = field(repr=False)
    header: str = "authorization"
    is_prefixed: bool = True

    def proves(self, request: Signed) -> bool:
        given = request.headers.get(self.header, "")
        if self.is_prefixed:
            scheme, _, given = given.partition(" ")
            if scheme.lower() != "bearer":
                return False
        return _is_one_of(given.strip(), self.secrets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hmac:
    """A signature over the body, and over a timestamp where one is included.

    `payload` may name {body}, {timestamp}, {method}, {url} and {svix-id}. The body is put in as
    bytes, whatever they are.
    """

    secrets: Sequence[bytes] = field(repr=False)
    algorithm: str = "sha256"
    header: str = "x-signature"
    prefix: str = ""
    encoding: str = "hex"
    timestamp_header: str | None = "x-timestamp"
    payload: str = "{timestamp}.{body}"
    id_header: str | None = None

    def proves(self, request: Signed) -> bool:
        given = request.headers.get(self.header, "").strip()
        if not given.startswith(self.prefix) or len(given) > LONGEST_PROOF:
            return False
        signature = self._decoded(given.removeprefix(self.prefix))
        digest = ALGORITHMS[self.algorithm]
        if signature is None or len(signature) != digest().digest_size:
            return False
        text = self._signed(request)
        if text is None:
            return False
        # Every secret is tried, so that the time taken does not tell which one it was.
        matches = [
            hmac.compare_digest(signature, hmac.digest(secret, text, self.algorithm))
            for secret in self.secrets
        ]
        return any(matches)

    def _decoded(self, text: str) -> bytes | None:
        try:
            if self.encoding == "hex":
                return bytes.fromhex(text) if text.isascii() else None
            return base64.b64decode(text.encode("ascii"), validate=True)
        except (ValueError, binascii.Error):
            return None

    def _signed(self, request: Signed) -> bytes | None:
        """What must have been signed; None where a part of it is missing or too old."""
        stamp = request.headers.get(self.timestamp_header, "") if self.timestamp_header else ""
        if self.timestamp_header and not _is_recent(stamp, request.now):
            return None
        parts = {
            b"{body}": request.body,
            b"{timestamp}": stamp.encode(),
            b"{method}": request.method.encode(),
            b"{url}": request.url.encode(),
            b"{svix-id}": request.headers.get(self.id_header or "", "").encode(),
        }
        return _filled(self.payload.encode(), parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """A token that Vapi bought from us with its client id and secret."""

    client_id: str
    client_secret: str = field(repr=False)
    signing_key: str = field(repr=False)
    older_keys: Sequence[str] = field(default=(), repr=False)
    lasts: timedelta = timedelta(hours=1)

    def proves(self, request: Signed) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or len(token) > LONGEST_PROOF:
            return False
        keys = (self.signing_key, *self.older_keys)
        return any(self._is_sold(token.strip(), key, now=request.now) for key in keys)

    def _is_sold(self, token: str, key: str, *, now: datetime) -> bool:
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=["HS256"],
                audience=AUDIENCE,
                options={"require": ["exp", "aud", "sub"], "verify_exp": False},
            )
        except (jwt.InvalidTokenError, ValueError):
            return False
        ends = claims["exp"]
        is_running = isinstance(ends, int) and now.timestamp() < ends
        return is_running and claims["sub"] == self.client_id

    def sell(self, client_id: str, client_secret: str, *, now: datetime) -> str | None:
        """A token, for whoever knows the secret."""
        knows = _is_one_of(client_id, [self.client_id]) & _is_one_of(
            client_secret, [self.client_secret]
        )
        if not knows:
            return None
        claims = {
            "sub": self.client_id,
            "aud": AUDIENCE,
            "exp": int((now + self.lasts).timestamp()),
        }
        return jwt.encode(claims, self.signing_key, algorithm="HS256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A plan that was in force, and is believed until then; nobody has to see to its end."""

    plan: Plan
    until: datetime

    def proves(self, request: Signed) -> bool:
        return self.plan.proves(request) and request.now < self.until


@dataclass(frozen=True, slots=True)
class Sold:
    """A token and how long it is good for."""

    token: str = field(repr=False)
    lasts: timedelta


def sell(
    plans: Sequence[Plan], client_id: str, client_secret: str, *, now: datetime
) -> Sold | None:
    """A token of the first plan in force that knows this client; None for anybody else."""
    for plan in plans:
        if isinstance(plan, Ending) and now < plan.until:
            plan = plan.plan  # noqa: PLW2901 - what it ends is what sells
        if isinstance(plan, OAuth2):
            token = plan.sell(client_id, client_secret, now=now)
            if token is not None:
                return Sold(token, plan.lasts)
    return None


def plan_of(credential: Mapping[str, Any], *, signing_key: str) -> Plan:
    """The plan a Vapi credential describes, under its own field names; BadInput says what is wrong.

    `secrets` may list several in place of the one of the plan.
    """
    plan = credential.get("authenticationPlan", credential)
    if not isinstance(plan, Mapping):
        raise BadInput("VAPI_AUTH: authenticationPlan must be an object.")
    kind = str(plan.get("type", "bearer")).lower()
    read = _READ.get(kind)
    if read is None:
        raise BadInput(f"VAPI_AUTH: type is one of {', '.join(_READ)}.")
    return read(plan, signing_key)


def short_plans(secret: str, *, allow_bare: bool) -> tuple[Plan, ...]:
    """What VAPI_WEBHOOK_SECRET alone accepts: itself in X-Vapi-Secret, or an HMAC of the body."""
    plans: tuple[Plan, ...] = (
        Bearer(secrets=[secret], header="x-vapi-secret", is_prefixed=False),
        Hmac(
            secrets=[secret.encode()],
            header="x-vapi-signature",
            timestamp_header=None,
            payload="{body}",
        ),
    )
    if allow_bare:
        bare = Bearer(secrets=[secret], header="x-vapi-signature", is_prefixed=False)
        return (*plans, bare)
    return plans


def is_genuine(plans: Sequence[Plan], request: Signed) -> bool:
    """Whether any of the plans in force accepts it; none in force accepts nothing."""
    verdicts = [plan.proves(request) for plan in plans]
    return any(verdicts)


def _bearer(plan: Mapping[str, Any], _key: str) -> Plan:
    header = str(plan.get("headerName") or "authorization").lower()
    prefixed = plan.get("bearerPrefixEnabled")
    return Bearer(
        secrets=_secrets(plan, "token"),
        header=header,
        is_prefixed=header == "authorization" if prefixed is None else bool(prefixed),
    )


def _hmac(plan: Mapping[str, Any], _key: str) -> Plan:
    algorithm = str(plan.get("algorithm") or "sha256").lower().replace("-", "")
    encoding = str(plan.get("signatureEncoding") or plan.get("encoding") or "hex").lower()
    if algorithm not in ALGORITHMS or encoding not in {"hex", "base64"}:
        raise BadInput("VAPI_AUTH: algorithm is sha1, sha256 or sha512, encoding hex or base64.")
    includes = plan.get("includeTimestamp", True) is not False
    payload = str(plan.get("payloadFormat") or ("{timestamp}.{body}" if includes else "{body}"))
    if "{body}" not in payload:
        raise BadInput("VAPI_AUTH: payloadFormat must contain {body}.")
    stamp = str(plan.get("timestampHeader") or "x-timestamp").lower()
    return Hmac(
        secrets=[_raw(one, plan) for one in _secrets(plan, "secretKey")],
        algorithm=algorithm,
        header=str(plan.get("signatureHeader") or "x-signature").lower(),
        prefix=str(plan.get("signaturePrefix") or ""),
        encoding=encoding,
        timestamp_header=stamp if includes else None,
        payload=payload,
        id_header=str(plan["messageIdHeader"]).lower() if plan.get("messageIdHeader") else None,
    )


def _oauth2(plan: Mapping[str, Any], key: str) -> Plan:
    client_id, client_secret = plan.get("clientId"), plan.get("clientSecret")
    if not client_id or not client_secret:
        raise BadInput("VAPI_AUTH: an oauth2 plan needs clientId and clientSecret.")
    return OAuth2(client_id=str(client_id), client_secret=str(client_secret), signing_key=key)


_READ: Mapping[str, Callable[[Mapping[str, Any], str], Plan]] = {
    "bearer": _bearer,
    "hmac": _hmac,
    "oauth2": _oauth2,
}


def _secrets(plan: Mapping[str, Any], name: str) -> list[str]:
    given = plan.get("secrets") or [plan.get(name) or plan.get("secret")]
    if not isinstance(given, list) or not all(isinstance(one, str) and one for one in given):
        raise BadInput(f"VAPI_AUTH: the plan needs {name}, or a list of secrets.")
    return given


def _raw(secret: str, plan: Mapping[str, Any]) -> bytes:
    if not plan.get("secretIsBase64"):
        return secret.encode()
    try:
        return base64.b64decode(secret, validate=True)
    except (ValueError, binascii.Error):
        raise BadInput("VAPI_AUTH: secretIsBase64 is set, and the secret is not base64.") from None


def _is_one_of(given: str, secrets: Sequence[str]) -> bool:
    proof = given.encode("utf-8", "surrogateescape")
    if not proof or len(proof) > LONGEST_PROOF:
        return False
    # Every one is compared: which one it was shall not show in the time.
    matches = [hmac.compare_digest(proof, one.encode()) for one in secrets]
    return any(matches)


def _is_recent(stamp: str, now: datetime) -> bool:
    if not stamp.isascii() or not stamp.isdecimal() or len(stamp) > len(str(MILLISECONDS_FROM)) + 3:
        return False
    number = int(stamp)
    seconds = number / 1000 if number >= MILLISECONDS_FROM else number
    return abs(now.timestamp() - seconds) <= WINDOW.total_seconds()


def _filled(payload: bytes, parts: Mapping[bytes, bytes]) -> bytes:
    """Each name replaced once, left to right, so that a body that looks like a name stays one."""
    made, rest = b"", payload
    while rest:
        found = min((name for name in parts if name in rest), key=rest.index, default=None)
        if found is None:
            return made + rest
        before, _, rest = rest.partition(found)
        made += before + parts[found]
    return made
