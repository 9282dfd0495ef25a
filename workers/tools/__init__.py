"""The tools a caller's assistant may use, one module each, found by their place.

A module exports NAME, ABILITIES (any one of them is enough; none means always), PHI (what of a
patient it may tell) and `answer`.
"""

import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

from domain.desk import Ability
from domain.errors import BadInput
from domain.tool_words import cannot
from domain.tools import Tool, ToolAnswer, ToolRequest
from domain.writes import SlotTaken

JUST_TAKEN = "I am sorry, that time has just been taken. Shall I look for another one?"


class ToolModule(Protocol):
    """What a file in this folder has to export."""

    NAME: str
    ABILITIES: frozenset[Ability]
    PHI: tuple[str, ...]

    def answer(self, request: ToolRequest) -> ToolAnswer: ...


@cache
def modules() -> Mapping[str, ToolModule]:
    """The module of every tool by its name."""
    names = sorted(one.name for one in pkgutil.iter_modules(__path__))
    found = [cast("ToolModule", import_module(f"{__name__}.{name}")) for name in names]
    return MappingProxyType({one.NAME: one for one in found})


def tools() -> Mapping[str, Tool]:
    """Every tool by its name, none of which does what its practice cannot, or does not want."""
    return {name: _guarded(module) for name, module in modules().items()}


def is_offered(module: ToolModule, abilities: frozenset[Ability]) -> bool:
    return not module.ABILITIES or bool(module.ABILITIES & abilities)


def _guarded(module: ToolModule) -> Tool:
    def answer(request: ToolRequest) -> ToolAnswer:
        """What is missing or not understood is asked for: a question is an answer."""
        if not is_offered(module, request.abilities):
            return ToolAnswer(text=cannot(request.abilities))
        try:
            said = module.answer(request)
        except BadInput as question:
            return ToolAnswer(text=str(question))
        except SlotTaken:
            return ToolAnswer(text=JUST_TAKEN)
        told = tuple(one for one in said.phi_fields if one in module.PHI)
        return replace(said, phi_fields=told)

    return answer
