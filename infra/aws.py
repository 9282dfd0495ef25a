"""Clients of AWS, or one sentence that says why there can be none."""

from typing import Any, Literal

from botocore.exceptions import BotoCoreError, NoRegionError

from domain.errors import BadInput
from infra import boto
from infra.settings import Settings


def client(service: Literal["secretsmanager", "s3"], given: Settings, *, wants: str) -> Any:
    """A client for what the setting named `wants` asks for."""
    try:
        return boto.client(
            service, region_name=given.aws_region, endpoint_url=given.aws_endpoint_url
        )
    except NoRegionError:
        problem = "needs a region; set AWS_REGION to the one it is kept in"
    except (BotoCoreError, ValueError) as error:
        kind = type(error).__name__
        problem = f"cannot ask AWS ({kind}); check AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL"
    raise BadInput(f"{wants} {problem}.")
