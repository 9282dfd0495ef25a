"""The plans in force, from what the environment says."""

import json
from collections.abc import Sequence

from pydantic import SecretStr

from adapters.vapi.verifying import Ending, Plan, plan_of, short_plans
from infra.settings import Settings


def plans(settings: Settings, *, signing_key: str) -> Sequence[Plan]:
    """VAPI_AUTH where it is set, else what VAPI_WEBHOOK_SECRET alone accepts, else none.

    Beside them, until VAPI_OLD_UNTIL, what was in force before: a secret is changed while calls go
    on.
    """
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
