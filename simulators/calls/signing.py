"""Signs messages as a Vapi credential says: bearer, a header of its own, or an HMAC."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

Headers = dict[str, str]


class Signer:
    """Headers for a body, by one credential."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._plan = plan

    @classmethod
    def from_text(cls, text: str) -> Self:
        """A credential as JSON; anything else is a secret sent in X-Vapi-Secret."""
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return cls(found.get("authenticationPlan", found))
        bare = {"type": "bearer", "token": text, "headerName": "X-Vapi-Secret"}
        return cls({**bare, "bearerPrefixEnabled": False})

    def headers(self, body: bytes, url: str) -> Headers:
        kinds: Mapping[str, Callable[[bytes, str], Headers]] = {
            "bearer": self._bearer,
            "hmac": self._hmac,
        }
        kind = str(self._plan.get("type", "bearer")).lower()
        if kind not in kinds:
            raise ValueError(f"this simulator does not sign by {kind}")
        return kinds[kind](body, url)

    def _bearer(self, _body: bytes, _url: str) -> Headers:
        name = str(self._plan.get("headerName") or "Authorization")
        usual = name.lower() == "authorization"
        prefix = "Bearer " if self._plan.get("bearerPrefixEnabled", usual) else ""
        return {name: prefix + self._secret("token")}

    def _hmac(self, body: bytes, url: str) -> Headers:
        plan = self._plan
        stamped = plan.get("includeTimestamp", True)
        stamp = str(int(time.time() * 1000))
        usual = "{timestamp}.{body}" if stamped else "{body}"
        before, _, after = str(plan.get("payloadFormat") or usual).partition("{body}")
        parts = {"timestamp": stamp, "method": "POST", "url": url, "svix-id": "msg_1"}
        text = _filled(before, parts).encode() + body + _filled(after, parts).encode()
        algorithm = str(plan.get("algorithm") or "sha256").lower().replace("-", "")
        secret = self._secret("secretKey").encode()
        key = base64.b64decode(secret) if plan.get("secretIsBase64") else secret
        digest = hmac.new(key, text, getattr(hashlib, algorithm)).digest()
        in_hex = str(plan.get("signatureEncoding") or plan.get("encoding") or "hex") == "hex"
        shown = digest.hex() if in_hex else base64.b64encode(digest).decode()
        name = str(plan.get("signatureHeader") or "x-signature")
        made = {name: f"{plan.get('signaturePrefix') or ''}{shown}"}
        if plan.get("messageIdHeader"):
            made[str(plan["messageIdHeader"])] = "msg_1"
        return made | (
            {str(plan.get("timestampHeader") or "x-timestamp"): stamp} if stamped else {}
        )

    def _secret(self, name: str) -> str:
        given = self._plan.get("secrets") or [self._plan.get(name) or self._plan.get("secret")]
        return str(given[0])


def _filled(text: str, parts: Mapping[str, str]) -> str:
    for name, value in parts.items():
        text = text.replace("{" + name + "}", value)
    return text
