"""The secret store the settings name."""

import boto3

from adapters.secrets.aws import AwsSecretStore
from adapters.secrets.file import FileSecretStore
from domain.credentials import SecretStore
from infra.sealing import Sealer
from infra.settings import Settings


def secret_store(given: Settings, sealer: Sealer) -> SecretStore:
    if given.secrets_backend == "file":
        return FileSecretStore(given.home, sealer)
    client = boto3.client(
        "secretsmanager", region_name=given.aws_region, endpoint_url=given.aws_endpoint_url
    )
    return AwsSecretStore(client, given.secrets_prefix)
