"""Heads as objects under S3 object lock: nobody, not even their owner, takes one back in time."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from domain.audit_chain import AnchorBroken, Head
from domain.errors import Transient

SUFFIX = ".json"


class S3Anchor:
    """One object per head, `prefix/account/place-hash.json`: the name alone says all of it."""

    def __init__(self, client: Any, bucket: str, prefix: str, *, kept_for: timedelta) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._kept_for = kept_for

    def keep(self, head: Head, *, at: datetime) -> None:
        body = {"account": head.account_id, "seq": head.seq, "hash": head.hash.hex()}
        self._called(
            "put_object",
            Bucket=self._bucket,
            Key=f"{self._prefix}{head.account_id}/{head.seq:019d}-{head.hash.hex()}{SUFFIX}",
            Body=json.dumps({**body, "at": at.isoformat()}).encode(),
            ContentType="application/json",
            ChecksumAlgorithm="SHA256",
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=at + self._kept_for,
        )

    def heads(self) -> Iterator[Head]:
        """Read from names only, a thousand at a time."""
        token: dict[str, str] = {}
        while True:
            page = self._called(
                "list_objects_v2", Bucket=self._bucket, Prefix=self._prefix, **token
            )
            for one in page.get("Contents", ()):
                yield self._head(str(one["Key"]))
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def _head(self, key: str) -> Head:
        account, _, name = key.removeprefix(self._prefix).partition("/")
        seq, _, digest = name.removesuffix(SUFFIX).partition("-")
        try:
            return Head(account_id=account, seq=int(seq), hash=bytes.fromhex(digest))
        except ValueError:
            raise AnchorBroken(f"{key!r} is not an object of ours") from None

    def _called(self, call: str, **arguments: Any) -> Any:
        try:
            return getattr(self._client, call)(**arguments)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "unknown"))
            raise Transient(f"the audit's anchor refused {call} ({code})") from None
        except BotoCoreError as error:
            kind = type(error).__name__
            raise Transient(f"the audit's anchor cannot be reached ({kind})") from None
