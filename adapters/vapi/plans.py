"""The plans in force, from what the environment says."""

import json
from collections.abc import Sequence
from dataclasses import replace

from pydantic import SecretStr

from adapters.vapi.verifying import Ending, OAuth2, Plan, plan_of, short_plans
from infra.settings import Settings


def plans(
    settings: Settings, *, signing_key: str, older_keys: Sequence[str] = ()
) -> Sequence[Plan]:
    """VAPI_AUTH where it is set, else what VAPI_WEBHOOK_SECRET alone accepts, else none.

    Beside them, until VAPI_OLD_UNTIL, what was in force before: a secret is changed while calls go
    on. Tokens that were bought under one of the older keys are believed, and none is sold under it.
    """
    made = _in_force(settings, signing_key=signing_key)
    return [_knowing(one, older_keys) for one in made]


def _knowing(plan: Plan, older_keys: Sequence[str]) -> Plan:
    if isinstance(plan, Ending):
        return replace(plan, plan=_knowing(plan.plan, older_keys))
    return replace(plan, older_keys=older_keys) if isinstance(plan, OAuth2) else plan


def _in_force(settings: Settings, *, signing_key: str) -> Sequence[Plan]:
    bare = settings.vapi_allow_bare_signature
    now = _plans(
        settings.vapi_auth, settings.vapi_webhook_secret, signing_key=signing_key, allow_bare=bare
    )
    before = _plans(
        settings.vapi_auth_old,
        settings.vapi_webhook_secret_old,
        signing_key=signing_key,
        allow_bare=bare,
    )
    if settings.vapi_old_until is None:
        return now
    return (*now, *(Ending(plan=one, until=settings.vapi_old_until) for one in before))


def _plans(
    auth: SecretStr | None, secret: SecretStr | None, *, signing_key: str, allow_bare: bool
) -> Sequence[Plan]:
    if auth is not None:
        credential = json.loads(auth.get_secret_value())
        return (plan_of(credential, signing_key=signing_key),)
    if secret is not None:
        return short_plans(secret.get_secret_value(), allow_bare=allow_bare)
    return ()
