"""What the operator has set for a vendor, so that no practice is asked for it."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from adapters import pms

Presets = Mapping[str, Mapping[str, str]]
"""Values by vendor and key."""

PresetSettings = Mapping[str, Mapping[str, Any]]
"""The same of settings, which may be yes or no."""

CLIENT = ("client_id", "client_secret")
"""What a sign-in on the vendor's page is asked for with."""

SIGN_IN = ("authorize_url", "scopes")
"""What a sign-in may be told; the operator's alone, for a browser is sent there."""

SWITCHES = {"yes": True, "true": True, "no": False, "false": False}


def presets(given: Mapping[str, Mapping[str, SecretStr]]) -> Presets:
    """Of what the environment holds under vendors' names, the secrets those vendors know."""
    return {
        name: {key: one.get_secret_value() for key, one in values.items() if key in known}
        for name, values in given.items()
        if (known := keys(name))
    }


def keys(vendor: str) -> frozenset[str]:
    """The secrets of a vendor; parts of the address a pairing code is sent to may be among them."""
    described = pms.registered().get(vendor)
    if described is None:
        return frozenset()
    parts = described.pairing.secret_parts if described.pairing else ()
    client = CLIENT if described.sign_in else ()
    return frozenset({*described.secrets, *parts, *client})


def preset_settings(given: Mapping[str, Mapping[str, SecretStr]]) -> PresetSettings:
    """Of the same, the settings those vendors know."""
    return {
        name: {key: switch(one.get_secret_value()) for key, one in values.items() if key in known}
        for name, values in given.items()
        if (known := _settings(name))
    }


def _settings(vendor: str) -> frozenset[str]:
    described = pms.registered().get(vendor)
    if described is None:
        return frozenset()
    return frozenset({*described.settings, *(SIGN_IN if described.sign_in else ())})


def switch(text: str) -> bool | str:
    """Yes or no, or the text where it is neither."""
    return SWITCHES.get(text.strip().lower(), text)
