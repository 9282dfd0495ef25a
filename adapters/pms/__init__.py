"""The PMSs we speak to: one module each, found by its file or by an installed package's word."""

import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType, ModuleType

from adapters.pms_to_come import refuse
from adapters.rest.behind import behind_headings, behind_rows, behind_tables, behind_words
from adapters.rest.matrix import Line, capability_lines, capability_table
from adapters.rest.ports import Ports
from adapters.rest.source import RestSource
from adapters.rest.vendor import Vendor
from domain.connections import Connection
from domain.errors import BadInput
from domain.sources import AppointmentSource

__all__ = [
    "Line",
    "Vendor",
    "behind_headings",
    "behind_rows",
    "behind_tables",
    "behind_words",
    "capability_lines",
    "capability_table",
    "desks",
    "instead",
    "modules",
    "open_source",
    "open_vendor",
    "pair",
    "registered",
    "title",
    "vendor",
]


ELSEWHERE = "pms_sync.vendors"
"""The entry point under which an installed package names the modules of its own PMSs."""


@cache
def modules() -> Mapping[str, ModuleType]:
    """The module of every PMS by its name; each exports a VENDOR."""
    found: dict[str, ModuleType] = {}
    for module in _described():
        name = module.VENDOR.name
        if name in found:
            both = f"{found[name].__name__} and {module.__name__}"
            raise BadInput(f"Two modules describe the PMS '{name}': {both}; remove one.")
        found[name] = module
    return MappingProxyType(found)


def _described() -> Iterator[ModuleType]:
    """The modules of this package that export a VENDOR, then those of other packages."""
    here = (import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__))
    yield from (module for module in here if hasattr(module, "VENDOR"))
    yield from (point.load() for point in entry_points(group=ELSEWHERE))


_INSTEAD: dict[str, Vendor] = {}
"""Descriptions that an operator knows better, for as long as a process runs."""


@cache
def _as_written() -> Mapping[str, Vendor]:
    return MappingProxyType({name: module.VENDOR for name, module in modules().items()})


def registered() -> Mapping[str, Vendor]:
    """Every PMS by name."""
    return MappingProxyType({**_as_written(), **_INSTEAD}) if _INSTEAD else _as_written()


@contextmanager
def instead(told: Mapping[str, Vendor]) -> Iterator[None]:
    """These in place of the descriptions of that name, for whatever this process does meanwhile."""
    before = dict(_INSTEAD)
    _INSTEAD.update(told)
    try:
        yield
    finally:
        _INSTEAD.clear()
        _INSTEAD.update(before)


def desks() -> list[str]:
    """The PMSs whose desks can serve callers."""
    found = registered().items()
    return sorted(name for name, one in found if one.desk is not None and one.serves_callers)


def vendor(name: str) -> Vendor:
    """The PMS of that name."""
    if name not in registered():
        refuse(name)
        known = ", ".join(sorted(registered()))
        raise BadInput(f"'{name}' is no PMS we know; choose one of {known}.")
    return registered()[name]


def title(name: str) -> str | None:
    """What sentences call the PMS of that name; None where there is none."""
    found = registered().get(name)
    return found.title if found else None


def open_source(
    connection: Connection, *, secrets: Mapping[str, str], ports: Ports
) -> AppointmentSource:
    """The connection's PMS, opened for reading."""
    return open_vendor(vendor(connection.vendor), connection, secrets=secrets, ports=ports)


def open_vendor(
    described: Vendor, connection: Connection, *, secrets: Mapping[str, str], ports: Ports
) -> AppointmentSource:
    """As `open_source`, for a description at hand."""
    opens = described.opens or RestSource
    return opens(described, connection, secrets=secrets, ports=ports)


def pair(connection: Connection, code: str, *, secrets: Mapping[str, str], ports: Ports) -> str:
    """The site a pairing code stands for, at a PMS that connects practices by code."""
    source = RestSource(vendor(connection.vendor), connection, secrets=secrets, ports=ports)
    return source.pair(code)
