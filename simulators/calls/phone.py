"""One phone call: tool-calls messages to the ingress, each heard one to three times."""

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from simulators.calls.signing import Signer

SECONDS = 20
NUMBER = "+12025550100"


class HungUpError(Exception):
    """The ingress did not answer as Vapi expects; what it did is said."""


@dataclass(kw_only=True)
class Phone:
    """`duplicate` is how often each message is delivered, at the same time."""

    url: str
    signer: Signer
    caller: str
    account: str | None = None
    called: str = NUMBER
    number_id: str | None = None
    duplicate: int = 1
    call_id: str = field(default_factory=lambda: str(uuid4()))
    asked: int = 0
    seconds: list[float] = field(default_factory=list)

    def use(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """What the tool says; every delivery must be answered alike."""
        self.asked += 1
        own = f"call_{self.asked}_{self.call_id[:8]}"
        body = json.dumps({"message": self._message(own, tool, arguments)}).encode()
        with ThreadPoolExecutor(self.duplicate) as lines:
            answers = list(lines.map(self._post, [body] * self.duplicate))
        said = {_said(one, own) for one in answers}
        if len(said) != 1:
            raise HungUpError(f"{tool}: deliveries of one message were answered differently")
        return said.pop()

    def _message(self, own: str, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        made = {"id": own, "type": "function", "function": {"name": tool, "arguments": arguments}}
        claim = {"assistantOverrides": {"metadata": {"accountId": self.account}}}
        number = {"id": self.number_id, "number": self.called, "provider": "twilio"}
        return {
            "type": "tool-calls",
            "timestamp": int(time.time() * 1000),
            "toolCallList": [made],
            "toolWithToolCallList": [
                {"type": "function", "function": {"name": tool}, "toolCall": made}
            ],
            "call": {
                "id": self.call_id,
                "type": "inboundPhoneCall",
                "status": "in-progress",
                "phoneNumberId": self.number_id,
                "customer": {"number": self.caller},
                **(claim if self.account else {}),
            },
            "phoneNumber": {key: value for key, value in number.items() if value},
            "customer": {"number": self.caller},
            "artifact": {"messages": []},
        }

    def _post(self, body: bytes) -> dict[str, Any]:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        line = kind(parts.hostname or "", parts.port, timeout=SECONDS)
        headers = {"Content-Type": "application/json", **self.signer.headers(body, self.url)}
        began = time.monotonic()
        try:
            line.request("POST", parts.path or "/", body, headers)
            answer = line.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as trouble:
            raise HungUpError(
                f"nobody answers at {parts.netloc}: {type(trouble).__name__}"
            ) from None
        finally:
            line.close()
            self.seconds.append(time.monotonic() - began)
        if answer.status != 200:  # noqa: PLR2004 - the one status Vapi looks at
            raise HungUpError(f"the ingress answered {answer.status}")
        return dict(json.loads(content))


def _said(answer: Mapping[str, Any], own: str) -> str:
    for one in answer.get("results", ()):
        if one.get("toolCallId") == own:
            return str(one.get("result") or one.get("error"))
    raise HungUpError("the answer names no such tool call")
