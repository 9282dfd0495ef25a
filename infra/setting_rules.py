"""What a setting has to keep to, each refused in one clause."""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from pydantic import SecretStr, ValidationInfo

from infra.local_secrets import local_secret

KEY_DIGITS = 64
FEWEST_DIFFERENT_DIGITS = 6


class Profile(StrEnum):
    """How strict the start is: only production refuses what is merely convenient."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"
    TEST = "test"


def in_production(info: ValidationInfo) -> bool:
    return info.data.get("profile") is Profile.PRODUCTION


def strictness(info: ValidationInfo) -> Any:
    hosts = info.data.get("same_machine_hosts", ())
    return {"production": in_production(info), "same_machine": hosts}


def need(what: str, info: ValidationInfo) -> None:
    """Unset means the embedded server, which production does not have."""
    if in_production(info):
        raise ValueError(f"is not set; set it to {what}")


def check_key(key: str, *, production: bool) -> None:
    digits = set(key.lower())
    if len(key) != KEY_DIGITS or not digits <= set("0123456789abcdef"):
        raise ValueError(f"needs {KEY_DIGITS} hexadecimal characters (openssl rand -hex 32)")
    if production and len(digits) < FEWEST_DIFFERENT_DIGITS:
        raise ValueError("is not random; make one with openssl rand -hex 32")


def is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def kept(info: ValidationInfo, *, name: str, make: Callable[[], str]) -> SecretStr:
    """A secret of this machine: made at the first start, read at every later one."""
    if in_production(info):
        raise ValueError("is not set; make one with openssl rand -hex 32 and keep it safe")
    if "home" not in info.data:
        raise ValueError("is not set, and there is no PMS_SYNC_HOME to keep one in")
    path = info.data["home"] / "keys" / name
    try:
        return SecretStr(local_secret(path, make=make))
    except OSError:
        raise ValueError("is not set, and PMS_SYNC_HOME cannot keep one; check its owner") from None
