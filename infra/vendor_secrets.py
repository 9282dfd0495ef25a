"""Secrets an operator set for every practice of a vendor: `<VENDOR>_<SECRET KEY>`."""

from collections.abc import Collection, Mapping

from pydantic import SecretStr

from infra.vendor_urls import PATTERN


def vendor_secrets(
    environment: Mapping[str, str], *, vendors: Collection[str], others: Collection[str]
) -> dict[str, dict[str, SecretStr]]:
    """By vendor and key, whatever carries a vendor's name, is no address and none of the `others`.

    Which of them a vendor knows is for whoever uses them to say.
    """
    found: dict[str, dict[str, SecretStr]] = {}
    for name, value in environment.items():
        if not value or name in others or PATTERN.fullmatch(name.lower()):
            continue
        for vendor in vendors:
            key = name.lower().removeprefix(f"{vendor}_")
            if key != name.lower() and key:
                found.setdefault(vendor, {})[key] = SecretStr(value)
    return found
