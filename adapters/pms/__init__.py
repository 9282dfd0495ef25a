"""The PMSs we speak to: one module each, found by its file."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

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
    "capability_lines",
    "capability_table",
    "open_source",
    "open_vendor",
    "pair",
    "registered",
    "vendor",
]


@cache
def registered() -> Mapping[str, Vendor]:
    """Every PMS by name: the modules of this package that export a VENDOR."""
    modules = (
        import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
    )
    vendors = [module.VENDOR for module in modules if hasattr(module, "VENDOR")]
    return MappingProxyType({vendor.name: vendor for vendor in vendors})


def vendor(name: str) -> Vendor:
    """The PMS of that name."""
    if name not in registered():
        known = ", ".join(sorted(registered()))
        raise BadInput(f"'{name}' is no PMS we know; choose one of {known}.")
    return registered()[name]


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
