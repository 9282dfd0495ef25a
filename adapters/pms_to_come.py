"""Providers that have a name and no adapter: each is refused with what to do instead."""

from collections.abc import Mapping

from domain.errors import BadInput

COMING_SOON: Mapping[str, str] = {"kolla": "Kolla"}
"""Shown where a PMS is chosen; its API's answers are not published, so nothing is guessed."""

BEHIND_SIKKA: Mapping[str, str] = {
    "dentrix": "Dentrix",
    "eaglesoft": "Eaglesoft",
    "open_dental": "Open Dental",
    "opendental": "Open Dental",
}
CUSTOM = "custom"


def refuse(name: str) -> None:
    """Raise BadInput where the name is one of these, in any case."""
    name = name.strip().lower()
    if name in COMING_SOON:
        raise BadInput(f"{COMING_SOON[name]} is coming soon; it cannot be connected yet.")
    if name in BEHIND_SIKKA:
        title = BEHIND_SIKKA[name]
        raise BadInput(f"{title} is reached through Sikka: connect 'sikka' instead.")
    if name == CUSTOM:
        raise BadInput(
            "A PMS of your own needs an adapter of its own: install one (docs/adding-a-pms.md) and"
            " connect it by the name it has there."
        )
