"""What is set for this process: its own variables, then Parameter Store, then the file `.env`."""

import os
from collections.abc import Mapping

from dotenv import dotenv_values

from domain.errors import BadInput
from infra.parameters import Unreadable, parameters
from infra.setting_rules import Profile
from infra.vendor_urls import url_problem

DOTENV = ".env"


def of_this_process() -> Mapping[str, str]:
    return os.environ


def read(stored: Mapping[str, str] | None = None) -> dict[str, str]:
    """What is set, by upper-case name; `stored` is what Parameter Store holds."""
    both = {**_dotenv(), **(stored or {}), **os.environ}
    return {name.upper(): value for name, value in both.items() if value}


def _dotenv() -> Mapping[str, str | None]:
    try:
        return dotenv_values(DOTENV)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f".env cannot be read ({type(error).__name__}): check its owner, its mode, and that it"
            " is UTF-8."
        ) from None


def in_parameter_store(told: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What it holds for us, and what is wrong with it; asked only where a prefix is set."""
    prefix, endpoint = told.get("AWS_SSM_PREFIX"), told.get("AWS_ENDPOINT_URL")
    production = told.get("PMS_SYNC_PROFILE") == Profile.PRODUCTION
    if not prefix or (endpoint and url_problem(endpoint, production=production)):
        return {}, []
    region = told.get("AWS_REGION")
    try:
        return parameters(prefix.rstrip("/"), region=region, endpoint_url=endpoint), []
    except Unreadable as problem:
        return {}, [f"AWS_SSM_PREFIX: {problem}"]
