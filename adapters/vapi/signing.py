"""Proofs of our own messages, for calls that are played here: what a plan wants, it is given."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from adapters.vapi.verifying import Bearer, Hmac, OAuth2, Plan
from domain.errors import BadInput


def proof(plans: Sequence[Plan], body: bytes, *, url: str, now: datetime) -> Mapping[str, str]:
    """Headers that prove a POST of this body to the first plan in force."""
    for plan in plans:
        match plan:
            case Bearer():
                word = "Bearer " if plan.is_prefixed else ""
                return {plan.header: word + plan.secrets[0]}
            case Hmac():
                return _signature(plan, body, url=url, now=now)
            case OAuth2():
                token = plan.sell(plan.client_id, plan.client_secret, now=now)
                return {"authorization": f"Bearer {token}"}
    raise BadInput("Set VAPI_WEBHOOK_SECRET (or VAPI_AUTH) first; without it no call is genuine.")


def _signature(plan: Hmac, body: bytes, *, url: str, now: datetime) -> Mapping[str, str]:
    stamp = str(int(now.timestamp() * 1000))
    before, _, after = plan.payload.partition("{body}")
    parts = {"{timestamp}": stamp, "{method}": "POST", "{url}": url, "{svix-id}": "played"}
    text = _filled(before, parts).encode() + body + _filled(after, parts).encode()
    digest = hmac.digest(plan.secrets[0], text, plan.algorithm)
    shown = digest.hex() if plan.encoding == "hex" else base64.b64encode(digest).decode()
    headers = {plan.header: plan.prefix + shown}
    if plan.timestamp_header:
        headers[plan.timestamp_header] = stamp
    if plan.id_header:
        headers[plan.id_header] = "played"
    return headers


def _filled(text: str, parts: Mapping[str, str]) -> str:
    for name, value in parts.items():
        text = text.replace(name, value)
    return text
