"""One account: its credentials, and the signature it puts on what it posts."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from simulators.chance import chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    sid: str
    auth_token: str = field(repr=False)
    messaging_service_sid: str
    number: str = "+15005550006"

    @classmethod
    def seeded(cls, seed: object) -> Self:
        rng = chance("twilio", seed)
        return cls(
            sid=f"AC{rng.getrandbits(128):032x}",
            auth_token=f"{rng.getrandbits(128):032x}",
            messaging_service_sid=f"MG{rng.getrandbits(128):032x}",
        )

    def is_basic(self, header: str) -> bool:
        """Whether a request proves itself with the account's own id and token."""
        told = base64.b64encode(f"{self.sid}:{self.auth_token}".encode()).decode()
        return header == f"Basic {told}"

    def signature(self, url: str, posted: Mapping[str, str]) -> str:
        """Over the address and each posted name with its value, sorted by name."""
        text = url + "".join(f"{name}{posted[name]}" for name in sorted(posted))
        digest = hmac.new(self.auth_token.encode(), text.encode(), hashlib.sha1).digest()
        return base64.b64encode(digest).decode()
