"""The plans in force, from what the environment says."""

import json
from collections.abc import Sequence

from adapters.vapi.verifying import Plan, plan_of, short_plans
from infra.settings import Settings


def plans(settings: Settings, *, signing_key: str) -> Sequence[Plan]:
    """VAPI_AUTH where it is set, else what VAPI_WEBHOOK_SECRET alone accepts, else none."""
    if settings.vapi_auth is not None:
        credential = json.loads(settings.vapi_auth.get_secret_value())
        return (plan_of(credential, signing_key=signing_key),)
    if settings.vapi_webhook_secret is not None:
        secret = settings.vapi_webhook_secret.get_secret_value()
        return short_plans(secret, allow_bare=settings.vapi_allow_bare_signature)
    return ()
