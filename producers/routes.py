"""Finds what is served: each module of the API, the pages and the webhooks that has a `router`."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from fastapi import APIRouter

import producers
from producers.pages.rendering import NavItem

FOLDERS = ("api", "pages", "webhooks")


def found() -> tuple[list[APIRouter], list[NavItem]]:
    """The routers by name of module, and the links of the navigation in their order."""
    modules = list(_modules())
    routers = [module.router for module in modules if hasattr(module, "router")]
    links = [module.NAV for module in modules if hasattr(module, "NAV")]
    return routers, sorted(links, key=lambda link: (link.order, link.title))


def _modules() -> Iterator[ModuleType]:
    for folder in FOLDERS:
        if not any(part.name == folder for part in pkgutil.iter_modules(producers.__path__)):
            continue
        package = importlib.import_module(f"producers.{folder}")
        for part in sorted(pkgutil.iter_modules(package.__path__), key=lambda part: part.name):
            yield importlib.import_module(f"{package.__name__}.{part.name}")
