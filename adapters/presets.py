"""Which secrets the operator has set for a vendor, so that no practice is asked for them."""

from collections.abc import Mapping

from pydantic import SecretStr

from adapters import pms

Presets = Mapping[str, Mapping[str, str]]
"""Values by vendor and key."""


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
    return frozenset({*described.secrets, *parts})
