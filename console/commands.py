"""Every command of `pms-sync` by name; its module is loaded once it is asked for.

A process starts with what it needs, and `--help` loads everything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

HOUSE: Mapping[str, Any] = {"pretty_exceptions_enable": False, "rich_markup_mode": "rich"}


@dataclass(frozen=True, slots=True)
class Place:
    """The module that has a command, or a group and whatever else belongs to it."""

    module: str
    app: str = "app"
    more: tuple[str, ...] = ()
    is_group: bool = False


def _group(module: str, *more: str, app: str = "app") -> Place:
    return Place(module, app, more, is_group=True)


PLACES: Mapping[str, Place] = {
    "demo": Place("demo"),
    "migrate": Place("processes"),
    "ingress": Place("ingress"),
    "worker": Place("worker"),
    "scheduler": Place("scheduler"),
    "up": Place("processes"),
    "sync": Place("sync"),
    "replay": Place("replay"),
    "summary": Place("summary"),
    "run-sheet": Place("sheet"),
    "queues": Place("jobs", app="top"),
    "doctor": Place("doctor"),
    "login-link": Place("login"),
    "token": Place("login"),
    "sign-out": Place("login"),
    "restored": Place("restored"),
    "simulate": _group("simulators", "calling", "practices"),
    "vendors": Place("vendors"),
    "accounts": _group("accounts"),
    "people": _group("people"),
    "audit": _group("audit"),
    "baa": _group("agreements"),
    "connections": _group("connections", "choices", "backfill", "drift", "leaving", "webhooks"),
    "conflicts": _group("conflicts"),
    "runs": _group("runs"),
    "secrets": _group("rotating"),
    "jobs": _group("jobs", "many_jobs"),
    "push": _group("push"),
    "writes": _group("writes"),
    "deliveries": _group("deliveries"),
    "endpoints": _group("endpoints"),
    "vapi": _group("vapi"),
    "authorisations": _group("authorisations"),
    "sikka": _group("authorisations", app="sikka"),
}
"""In the order of the help."""


class Commands(Mapping[str, Any]):
    """They are all there; to look at one is to load it."""

    def __getitem__(self, name: str) -> Any:
        if name not in PLACES:
            raise KeyError(name)
        return _loaded(name)

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)


class ByName(TyperGroup):
    """The command itself, whose parts are not known before they are named."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{**given, "commands": Commands()})


@cache
def _loaded(name: str) -> Any:
    place, whole = PLACES[name], typer.Typer(**HOUSE)
    found: typer.Typer = getattr(_module(place.module), place.app)
    for more in place.more:
        found.add_typer(_module(more).app)
    whole.add_typer(found, name=name if place.is_group else None)
    return get_command(whole).commands[name]  # type: ignore[attr-defined] # it is a group


def _module(name: str) -> Any:
    return import_module(f"console.{name}")
