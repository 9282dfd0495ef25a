"""A rig on a database of each test alone."""

from tests.storage.conftest import rig

__all__ = ["rig"]
