"""What `pms-sync doctor` says of the phone: proof, texts, whom callers reach, and open hours."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import RowMapping, text

from adapters import pms
from adapters.vapi.plans import plans
from adapters.vapi.verifying import Bearer, Ending, Hmac, Plan
from console import noted_secret
from console.doctor.findings import Finding
from console.output import short
from console.wiring import Wiring
from domain.desk import Ability
from domain.writes import BY_DEFAULT, NEEDS
from infra.clock import system_clock
from infra.database import dispatch

NO_HOURS = (
    "no opening hours: unless its PMS lists free times itself, callers are offered none; run"
    " 'pms-sync connections set {id} opening_hours=…'"
)
NO_NUMBERS = (
    "no telephone numbers of its own, and its account has other practices: the oldest answers calls"
    " to a number that is nobody's; run 'pms-sync connections set {id} phone_numbers=+1…'"
)
_PRACTICES = text(
    """
    SELECT id, account_id, display_name AS name, features, opening_hours,
           settings->>'phone_numbers' IS NOT NULL AS is_called,
           count(*) OVER (PARTITION BY account_id) > 1 AS has_others
    FROM pms_connections
    WHERE removed_at IS NULL AND state IN ('ACTIVE', 'ERROR') AND connector = ANY(:connectors)
    ORDER BY created_at, connector, site
    """
)
_UNREACHED = text(
    "SELECT id FROM accounts WHERE id = ANY(:ids) AND cardinality(transfer_to) = 0 ORDER BY id"
)


def phone(wiring: Wiring) -> Iterator[Finding]:
    """Only what somebody misses: without a practice that serves callers nobody does."""
    with dispatch(wiring.engine) as db:
        found = db.execute(_PRACTICES, {"connectors": pms.desks()}).mappings().all()
        ids = sorted({one["account_id"] for one in found})
        unreached = db.execute(_UNREACHED, {"ids": ids}).scalars().all()
    yield from _vapi(wiring, is_needed=bool(found))
    yield from _twilio(wiring, is_needed=bool(found))
    for account_id in unreached:
        advice = f"run 'pms-sync accounts set {account_id} --transfer-to +1…'"
        yield Finding(
            f"account {account_id}", "warning", f"callers can be handed to nobody; {advice}"
        )
    for one in found:
        if one["has_others"] and not one["is_called"]:
            told = NO_NUMBERS.format(id=short(one["id"]))
            yield Finding(f"numbers {short(one['id'])}", "warning", f"{one['name']} has {told}")
        if takes_bookings(one) and not one["opening_hours"]:
            told = NO_HOURS.format(id=short(one["id"]))
            yield Finding(f"hours {short(one['id'])}", "warning", f"{one['name']} has {told}")


def takes_bookings(practice: RowMapping) -> bool:
    on = {**BY_DEFAULT, **practice["features"]}
    return all(on.get(name) for name in NEEDS[Ability.BOOK])


def _vapi(wiring: Wiring, *, is_needed: bool) -> Iterator[Finding]:
    given = wiring.settings
    every = plans(given, signing_key=given.jwt_secret.get_secret_value())
    in_force = [one for one in every if not isinstance(one, Ending)]
    if len(in_force) < len(every):
        yield _ending(given.vapi_old_until)
    if in_force:
        yield Finding("vapi", "ok", f"believed by {' or '.join(map(_named, in_force))}")
    elif noted_secret.of(given.home):
        yield Finding("vapi", "ok", "believed by the secret of the demo that runs here")
    elif is_needed:
        told = "every call is refused; set VAPI_WEBHOOK_SECRET or VAPI_AUTH for the ingress"
        yield Finding("vapi", "warning", told)
    else:
        yield Finding("vapi", "ok", "not set up, and no practice serves callers")


def _ending(until: datetime | None) -> Finding:
    if until is not None and until <= system_clock():
        told = "its old secret is refused by now; unset VAPI_WEBHOOK_SECRET_OLD and VAPI_AUTH_OLD"
        return Finding("vapi", "warning", told)
    return Finding("vapi", "ok", f"its old secret is believed until {until}")


def _named(plan: Plan) -> str:
    match plan:
        case Bearer():
            return f"a token in {plan.header}"
        case Hmac():
            timed = "" if plan.timestamp_header else ", without a time"
            return f"a signature in {plan.header} ({plan.algorithm}{timed})"
    return "a token bought at /vapi/oauth/token"


def _twilio(wiring: Wiring, *, is_needed: bool) -> Iterator[Finding]:
    given = wiring.settings
    parts = {
        "TWILIO_ACCOUNT_SID": given.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": given.twilio_auth_token,
        "TWILIO_MESSAGING_SERVICE_SID": given.twilio_messaging_service_sid,
    }
    missing = [name for name, value in parts.items() if not value]
    if not missing:
        yield Finding("twilio", "ok", "set up: callers get texts")
    elif len(missing) < len(parts):
        yield Finding("twilio", "warning", f"no texts are sent; {' and '.join(missing)} is missing")
    elif is_needed:
        told = "no texts are set up: tell callers yourself whom /deliveries lists"
        yield Finding("twilio", "warning", told)
