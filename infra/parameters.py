"""Settings kept in AWS Systems Manager Parameter Store, read once when a process starts."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic_settings import BaseSettings, EnvSettingsSource

from infra import boto

PREFIX = re.compile(r"(/[A-Za-z0-9_.-]+){1,14}")


class Unreadable(Exception):
    """Why the store gave nothing, in words without values."""


class ParameterSource(EnvSettingsSource):
    """What was read from the store, under the names that variables have."""

    def __init__(self, kind: type[BaseSettings], found: Mapping[str, str]) -> None:
        super().__init__(kind)
        self.env_vars = {name.lower(): value for name, value in found.items()}


def parameters(prefix: str, *, region: str | None, endpoint_url: str | None) -> dict[str, str]:
    """Everything directly below the prefix, by the last part of its name, in upper case."""
    if not PREFIX.fullmatch(prefix):
        raise Unreadable("must be a path such as /pms-sync/production")
    try:
        client = boto.client("ssm", region_name=region, endpoint_url=endpoint_url)
        found = _named(_pages(client, prefix))
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise Unreadable(
            f"Parameter Store refused ({code}); allow ssm:GetParametersByPath on it, "
            "and kms:Decrypt on its key"
        ) from None
    except (BotoCoreError, ValueError) as error:
        told = f"Parameter Store cannot be reached ({type(error).__name__})"
        raise Unreadable(f"{told}; check AWS_REGION, the role and the network") from None
    if not found:
        raise Unreadable("nothing is kept under it; check it, AWS_REGION and the account")
    return found


def _pages(client: Any, prefix: str) -> Iterable[Mapping[str, Any]]:
    pages = client.get_paginator("get_parameters_by_path").paginate(
        Path=prefix, Recursive=False, WithDecryption=True
    )
    return (one for page in pages for one in page["Parameters"])


def _named(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {str(one["Name"]).rpartition("/")[2].upper(): str(one["Value"]) for one in found}
