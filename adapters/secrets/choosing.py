"""The secret store the settings name."""

from adapters.secrets.aws import AwsSecretStore
from adapters.secrets.file import FileSecretStore
from domain.credentials import SecretStore
from infra import aws
from infra.sealing import Sealer
from infra.settings import Settings

WANTS = "SECRETS_BACKEND=aws"


def secret_store(given: Settings, sealer: Sealer) -> SecretStore:
    if given.secrets_backend == "file":
        return FileSecretStore(given.home, sealer)
    client = aws.client("secretsmanager", given, wants=WANTS)
    return AwsSecretStore(client, given.secrets_prefix)


def require_readable(store: SecretStore) -> None:
    """Refuse to begin with a store that cannot be asked at all; BadInput says what to do."""
    if isinstance(store, AwsSecretStore):
        store.require_readable(wants=WANTS)
    if isinstance(store, FileSecretStore):
        store.require_its_key()
