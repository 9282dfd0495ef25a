"""What can be done about what a PMS sends that its description does not know."""

from collections.abc import Callable
from typing import Any

from adapters.rest.vendor import Vendor
from domain.appointments import Status
from domain.connections import Connection
from domain.drift import Drift
from domain.sheet import as_json

SHORT_ID = 8
EXAMPLE = Status.ARRIVED
UNPRINTABLE = "unprintable"

How = Callable[[Connection, Vendor, str], str]
"""Where the setting is written, which is given as a whole."""


def by_command(held: Connection, vendor: Vendor, written: str) -> str:
    setting = f"{_setting(vendor)}={written}"
    command = f'pms-sync connections set {str(held.id)[:SHORT_ID]} "{setting}"'
    return f"Say what it means, such as: {command}"


def on_its_page(_held: Connection, vendor: Vendor, written: str) -> str:
    label, _, _ = vendor.settings[_setting(vendor)].partition(",")
    return f"Say what it means above, as the {label[0].lower()}{label[1:]}, such as: {written}"


def sentence(one: Drift, vendor: Vendor, held: Connection, *, how: How = by_command) -> str:
    """What was met, and where a practice may say what it means, how; or that it has."""
    code, has_code = _code(one)
    if not has_code or vendor.own_statuses is None:
        return one.sentence
    own = {key.casefold(): word for key, word in vendor.own_statuses.read(held).items()}
    if code in own:
        return f"{one.sentence} Since then {_setting(vendor)} says that it means {own[code].value}."
    kept = [f"{key}={word.value}" for key, word in own.items()]
    # All of them: the setting is written as a whole.
    written = "; ".join([*kept, f"{code}={EXAMPLE.value}"])
    return f"{one.sentence} {how(held, vendor, written)}"


def as_answer(one: Drift, vendor: Vendor, held: Connection) -> dict[str, Any]:
    """As programs read it."""
    return {**as_json(one), "sentence": sentence(one, vendor, held)}


def _setting(vendor: Vendor) -> str:
    return vendor.own_statuses.setting if vendor.own_statuses else ""


def _code(one: Drift) -> tuple[str, bool]:
    kind, _, code = one.what.partition(":")
    return code, kind == "status" and code != UNPRINTABLE
