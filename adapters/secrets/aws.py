"""Secrets of connections in AWS Secrets Manager, under one prefix and no other."""

import time
from collections.abc import Callable, Mapping
from threading import Lock
from types import MappingProxyType
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)

from adapters.secrets.names import GONE, checked_name, packed, unpacked
from domain.errors import BadInput, BrokenContract, NeedsReconnect, Refused, SyncError, Transient

CACHE_SECONDS = 300.0
ARN = "arn:"
MOST_ROUNDS = 3

# By code, never by status: a missing secret is 400 at AWS and 404 elsewhere.
MISSING = frozenset({"ResourceNotFoundException"})
DELETED = frozenset({"InvalidRequestException"})
TAKEN = frozenset({"ResourceExistsException"})
PASSING = frozenset(
    {
        "InternalFailure",
        "InternalServiceError",
        "InternalServiceErrorException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


NO_CREDENTIALS = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)
NOBODY = "start"
"""A name that no secret has: that it is missed shows that one could be read."""


class AwsSecretStore:
    """A boto3 `secretsmanager` client behind a short cache; references are ARNs or names."""

    def __init__(
        self,
        client: Any,
        prefix: str,
        *,
        seconds: float = CACHE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._prefix = checked_name(prefix.strip("/")) + "/"
        self._seconds = min(seconds, CACHE_SECONDS)
        self._clock = clock
        self._lock = Lock()
        self._cache: dict[str, tuple[float, Mapping[str, str]]] = {}

    def get(self, ref: str) -> Mapping[str, str]:
        secret = self._ours(ref)
        with self._lock:
            kept = self._cache.get(secret)
        if kept is not None and kept[0] > self._clock():
            return kept[1]
        values = self._fetched(secret)
        with self._lock:
            self._cache[secret] = (self._clock() + self._seconds, values)
        return values

    def put(self, name: str, values: Mapping[str, str]) -> str:
        """Store or replace; answers the ARN. Equal values cost no new version."""
        secret = self._ours(checked_name(name))
        text = packed(values)
        for _ in range(MOST_ROUNDS):
            arn = self._created(secret, text) or self._replaced(secret, text)
            if arn is not None:
                self.forget(secret)
                self.forget(arn)
                return arn
        raise Transient("the secret store changed under us; try again")

    def replace(self, ref: str, values: Mapping[str, str]) -> None:
        """One that was deleted stays so, though it could still be restored."""
        secret, text = self._ours(ref), packed(values)
        call, gone = "put_secret_value", MISSING | DELETED
        if self._called(call, gone, SecretId=secret, SecretString=text) is None:
            raise NeedsReconnect(GONE)
        self.forget(secret)

    def delete(self, ref: str) -> None:
        """AWS keeps it for its recovery window; a put under the same name brings it back."""
        secret = self._ours(ref)
        self._called("delete_secret", MISSING | DELETED, SecretId=secret)
        self.forget(secret)

    def require_readable(self, *, wants: str) -> None:
        """Raise BadInput where no secret can be read; a store that is only busy is well."""
        try:
            self._client.get_secret_value(SecretId=self._ours(NOBODY))
        except ClientError as error:
            code = _code(error)
            if code not in MISSING | DELETED | PASSING:
                advice = f"allow secretsmanager:GetSecretValue below {self._prefix}"
                told = f"the secret store refused us ({code}); check the credentials, and {advice}"
                raise BadInput(f"{wants}: {told}.") from None
        except BotoCoreError as error:
            raise BadInput(f"{wants}: {_unreached(error)}.") from None

    def forget(self, ref: str) -> None:
        """Ask again next time: the vendor refused what we have."""
        with self._lock:
            self._cache.pop(ref, None)
            self._cache.pop(self._prefix + ref, None)

    def _fetched(self, secret: str) -> Mapping[str, str]:
        answer = self._called("get_secret_value", MISSING | DELETED, SecretId=secret)
        if answer is None:
            raise NeedsReconnect(GONE)
        try:
            return MappingProxyType(unpacked(answer["SecretString"]))
        except (ValueError, KeyError):
            raise BrokenContract("a stored secret is not a JSON object") from None

    def _created(self, secret: str, text: str) -> str | None:
        """None when the name is in use, or waits for its deletion."""
        answer = self._called("create_secret", TAKEN | DELETED, Name=secret, SecretString=text)
        return None if answer is None else str(answer["ARN"])

    def _replaced(self, secret: str, text: str) -> str | None:
        """None when it vanished meanwhile; a deleted one is restored first.

        Versions are pruned slowly, so the same values are not written again.
        """
        stored = self._called("get_secret_value", MISSING | DELETED, SecretId=secret)
        if stored is not None and stored.get("SecretString") == text:
            return str(stored["ARN"])
        if stored is None:
            self._called("restore_secret", MISSING | DELETED, SecretId=secret)
        answer = self._called(
            "put_secret_value", MISSING | DELETED, SecretId=secret, SecretString=text
        )
        return None if answer is None else str(answer["ARN"])

    def _ours(self, ref: str) -> str:
        """A reference under our prefix, whatever a row says: nobody reads another's secrets."""
        if ref.startswith(ARN):
            if f":secret:{self._prefix}" not in ref:
                raise Refused("this secret lies outside the configured prefix")
            return ref
        checked_name(ref)
        return ref if ref.startswith(self._prefix) else self._prefix + ref

    def _called(self, call: str, expected: frozenset[str], **arguments: str) -> Any | None:
        """The answer, or None for an expected code; other errors in words without values."""
        try:
            return getattr(self._client, call)(**arguments)
        except ClientError as error:
            code = _code(error)
            problem = None if code in expected else _problem(call, code)
        except BotoCoreError as error:
            problem = _unreached(error)
        if problem is not None:
            raise problem
        return None


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def _problem(call: str, code: str) -> SyncError:
    if code in PASSING:
        return Transient(f"the secret store is busy ({code})")
    return Refused(f"the secret store refused {call} ({code})")


def _unreached(error: BotoCoreError) -> SyncError:
    kind = type(error).__name__
    if isinstance(error, NO_CREDENTIALS):
        advice = "give it a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        return Transient(f"this process has no credentials of AWS ({kind}); {advice}")
    advice = "check AWS_REGION, AWS_ENDPOINT_URL and the network"
    return Transient(f"the secret store cannot be reached ({kind}); {advice}")
