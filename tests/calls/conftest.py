"""An ingress of each test alone."""

from tests.producers.conftest import engine, make_site

__all__ = ["engine", "make_site"]
