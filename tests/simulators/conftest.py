"""The simulator a module is about: the one whose desk it names."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def desk(request: pytest.FixtureRequest) -> Iterator[Any]:
    with _of(request).opened() as made:
        yield made


@pytest.fixture(scope="module")
def read(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Only read, never edited."""
    with _of(request).opened() as made:
        yield made


def _of(request: pytest.FixtureRequest) -> Any:
    return sys.modules[request.module.Desk.__module__]
