"""Vapi's own Python SDK, as a judge of what is sent and answered."""

from importlib import import_module
from typing import Any

from vapi.core import serialization


def read(name: str, model: str, document: Any) -> Any:
    """The document as a model of `vapi.types` reads it from the wire; pydantic judges it."""
    shape = getattr(import_module(f"vapi.types.{name}"), model)
    plain = serialization.convert_and_respect_annotation_metadata(
        object_=document, annotation=shape, direction="read"
    )
    return shape.model_validate(plain)
