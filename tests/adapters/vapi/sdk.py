"""Vapi's own Python SDK, as a judge of what is sent and answered."""

from typing import Any

import pytest


def read(name: str, model: str, document: Any) -> Any:
    """The document as a model of `vapi.types` reads it from the wire; pydantic judges it."""
    module = pytest.importorskip(f"vapi.types.{name}")
    serialization = pytest.importorskip("vapi.core.serialization")
    shape = getattr(module, model)
    plain = serialization.convert_and_respect_annotation_metadata(
        object_=document, annotation=shape, direction="read"
    )
    return shape.model_validate(plain)
