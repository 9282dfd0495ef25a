"""Who may send webhooks: a value for each vendor, found by its file, and what it says of itself."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from domain.deliveries import Focus

HEADER = "X-Webhook-Key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A vendor that tells what changed: at an address for each of its events.

    `read` answers everything a body names, or raises UnreadableError; it is given raw bytes that
    only a key vouches for. `wanted` are the kinds of things worth looking up.
    """

    name: str
    events: Sequence[str]
    read: Callable[[bytes], Sequence[Focus]]
    wanted: frozenset[str]

    def addresses(self, base_url: str) -> Mapping[str, str]:
        """What is entered at the vendor, by event."""
        return {
            event: f"{base_url.rstrip('/')}/webhooks/{self.name}/{event}" for event in self.events
        }


@cache
def senders() -> Mapping[str, Sender]:
    """Every sender by name: the modules beside this one that export a SENDER."""
    folder = __name__.rpartition(".")[0]
    beside = pkgutil.iter_modules(importlib.import_module(folder).__path__)
    modules = [importlib.import_module(f"{folder}.{one.name}") for one in beside]
    found: list[Sender] = [module.SENDER for module in modules if hasattr(module, "SENDER")]
    return MappingProxyType({sender.name: sender for sender in found})
