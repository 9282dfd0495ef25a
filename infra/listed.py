"""Settings that are lists, or hours: text outside, tuples and mappings inside."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from domain.errors import BadInput
from domain.hours import HOW, check_hours
from infra.origins import Network, by_sender, networks


def parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _names(given: Any) -> Any:
    return tuple(parts(given)) if isinstance(given, str) else given


def _networks(given: Any) -> Any:
    return networks(given) if isinstance(given, str) else given


def _proxies(found: tuple[Network, ...]) -> tuple[Network, ...]:
    if any(network.prefixlen == 0 for network in found):
        raise ValueError("would believe everybody; name the proxies' own addresses")
    return found


def _by_sender(given: Any) -> Any:
    return by_sender(given) if isinstance(given, str) else given


def _hours(given: Any) -> Any:
    try:
        hours = json.loads(given) if isinstance(given, str) else given
        check_hours(hours, timezone="UTC")
    except BadInput as problem:
        raise ValueError(str(problem)) from None
    except ValueError:
        raise ValueError(HOW) from None
    return hours


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
Proxies = Annotated[Networks, AfterValidator(_proxies)]
NetworksBySender = Annotated[
    Mapping[str, tuple[Network, ...]], NoDecode, BeforeValidator(_by_sender)
]
Hours = Annotated[Mapping[str, Any], NoDecode, BeforeValidator(_hours)]
