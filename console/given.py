"""What people type, turned into values, or one sentence that says how to type it."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import SecretStr, create_model
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters import chosen
from adapters.rest.vendor import Vendor
from domain.connections import Connection
from domain.errors import BadInput
from domain.hours import HOW, check_hours

HOURS = "opening_hours="
NEAR_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


class _FromEnvironment(BaseSettings):
    """Secrets named PMS_SYNC_SECRET_<KEY>, so that they need not stand in a command line."""

    model_config = SettingsConfigDict(
        env_prefix="PMS_SYNC_SECRET_", env_file=".env", extra="ignore", hide_input_in_errors=True
    )


def day(text: str | None, *, today: date, default: date | None = None) -> date:
    """A date as written, today where nothing is."""
    if text is None:
        return default or today
    if text in NEAR_DAYS:
        return today + timedelta(days=NEAR_DAYS[text])
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"'{text}' is not a date; write it like 2026-03-31, or say today.") from None


def instant(text: str) -> datetime:
    """A moment that means the same wherever it is read."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadInput(f"'{text}' is no moment; write it like 2026-03-31T22:00Z, with its zone.")


def past_instant(text: str, *, now: datetime) -> datetime:
    found = instant(text)
    if found > now:
        raise BadInput(f"'{text}' is yet to come.")
    return found


def pairs(texts: Sequence[str], *, option: str) -> dict[str, str]:
    """`key=value` texts; a value may hold further equals signs."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            # The text is not repeated: half of a secret may be in it.
            raise BadInput(f"{option} takes key=value, such as {option} client_id=abc.")
        found[key] = value
    return found


def secrets(
    vendor: Vendor,
    texts: Sequence[str],
    *,
    site: str = "",
    held: Mapping[str, str] | None = None,
    preset: Iterable[str] = (),
) -> dict[str, str]:
    """What the vendor needs, from the command line, standard input (`key=-`) or the environment.

    What is not given stays as it is `held`; what is `preset` for every practice need not be given.
    """
    given = pairs(texts, option="--secret")
    chosen.refuse_unknown(given, vendor.secrets, what="secret", vendor=vendor)
    told = {**_environment_secrets(vendor.secrets), **given}
    told |= {key: _typed() for key, value in told.items() if value == "-"}
    found = chosen.replaced(vendor, held or {}, chosen.of_site(vendor, told, site))
    if vendor.sign_in and vendor.sign_in.is_in(found):
        return found
    missing = [key for key in vendor.secrets if not found.get(key) and key not in preset]
    if missing:
        wanted = ", ".join(f"{key} ({vendor.secrets[key]})" for key in missing)
        raise BadInput(
            f"{vendor.title} also needs {wanted}; give each with --secret KEY=VALUE,"
            " KEY=- for standard input, or PMS_SYNC_SECRET_<KEY>."
        )
    return found


def _typed() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def opening_hours(texts: Sequence[str]) -> tuple[dict[str, Any] | None, list[str]]:
    """The hours among settings, if given, and the other settings; `{}` or nothing: always open."""
    hours = [text for text in texts if text.startswith(HOURS)]
    others = [text for text in texts if not text.startswith(HOURS)]
    if not hours:
        return None, others
    try:
        written = json.loads(hours[-1].removeprefix(HOURS) or "{}")
    except ValueError:
        raise BadInput(HOW) from None
    check_hours(written, timezone="UTC")
    return written, others


def settings(
    vendor: Vendor, texts: Sequence[str], *, held: Connection | None = None
) -> dict[str, Any]:
    """A connection's settings; `key=` with nothing behind it takes the setting away."""
    return chosen.settings(vendor, pairs(texts, option="--set"), held=held)


def address(text: str | None, *, option: str, production: bool) -> str | None:
    """A URL secrets and patient data may travel to; an operator may name any."""
    return chosen.address(text, what=option, production=production)


def one_of(known: Iterable[str], text: str, *, what: str) -> str:
    """The id of that text, or the only one that begins so."""
    found = [one for one in known if one.startswith(text)]
    if text in found:
        return text
    if not text or not found:
        raise BadInput(f"This connection knows no {what} '{text}'; see the list without it.")
    if len(found) > 1:
        raise BadInput(f"More than one {what} id begins with {text}; give more of it.")
    return found[0]


def _environment_secrets(keys: Iterable[str]) -> dict[str, str]:
    fields: dict[str, Any] = dict.fromkeys(keys, (SecretStr | None, None))
    found = create_model("Given", __base__=_FromEnvironment, **fields)()
    secrets = {key: getattr(found, key) for key in fields}
    return {key: one.get_secret_value() for key, one in secrets.items() if one is not None}
