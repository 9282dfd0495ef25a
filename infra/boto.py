"""boto3, loaded when AWS is asked for something: it takes most of a second, and few need it."""

from importlib import import_module
from typing import Any


def client(service: str, **given: Any) -> Any:
    """In a session of its own: the one that is shared goes on with credentials it found once."""
    config = import_module("botocore.config").Config(
        connect_timeout=3, read_timeout=10, retries={"max_attempts": 4, "mode": "standard"}
    )
    return import_module("boto3").Session().client(service, config=config, **given)
