"""Anchors: heads kept outside the database, in a file that vouches for itself or under a lock."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from adapters.anchors.choosing import anchor
from adapters.anchors.file import FileAnchor
from adapters.anchors.s3 import S3Anchor
from domain.audit_chain import AnchorBroken, Head
from domain.errors import Transient
from infra.audit_keys import keys_from
from infra.settings import Settings

KEYS = keys_from(["a1" * 32])
NOW = datetime.now(UTC).replace(microsecond=0)
BUCKET = "anchors-of-tests"


def head(seq: int, account_id: str = "default") -> Head:
    return Head(account_id=account_id, seq=seq, hash=bytes([seq]) * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit" / "heads.jsonl"


@pytest.fixture
def written(path: Path) -> FileAnchor:
    made = FileAnchor(path, KEYS)
    for seq in (1, 2, 3):
        made.keep(head(seq), at=NOW)
    return made


def test_a_file_gives_back_what_it_was_given_and_is_its_owners_alone(
    written: FileAnchor, path: Path
) -> None:
    assert list(written.heads()) == [head(1), head(2), head(3)]
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_known_before_the_first_head(path: Path) -> None:
    assert list(FileAnchor(path, KEYS).heads()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("seq", 9), ("hash", "00" * 32), ("account", "other"), ("at", "2020-01-01T00:00:00+00:00")],
)
def test_an_altered_line_is_found(
    written: FileAnchor, path: Path, name: str, value: object
) -> None:
    lines = path.read_text().splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), name: value})
    path.write_text("\n".join(lines) + "\n")

    with pytest.raises(AnchorBroken, match="line 2"):
        list(written.heads())


def test_a_line_that_is_gone_is_found_by_the_next(written: FileAnchor, path: Path) -> None:
    first, _, third = path.read_text().splitlines()
    path.write_text(f"{first}\n{third}\n")

    with pytest.raises(AnchorBroken, match="line 2"):
        list(written.heads())


def test_a_line_torn_by_a_power_cut_does_not_spoil_what_follows(
    written: FileAnchor, path: Path
) -> None:
    with path.open("a") as file:
        file.write('{"account": "defau')

    written.keep(head(4), at=NOW)

    assert [one.seq for one in written.heads()] == [1, 2, 3, 4]


def test_a_key_that_is_not_configured_cannot_vouch(written: FileAnchor, path: Path) -> None:
    with pytest.raises(AnchorBroken, match="not configured"):
        list(FileAnchor(path, keys_from(["b2" * 32])).heads())


def test_a_file_that_cannot_be_written_is_told_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("in the way")

    with pytest.raises(Transient, match="cannot be written") as told:
        FileAnchor(tmp_path / "audit" / "heads.jsonl", KEYS).keep(head(1), at=NOW)

    assert str(tmp_path) not in str(told.value)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        yield client


def test_heads_in_a_bucket_are_locked_for_as_long_as_rows_are_kept(s3: Any) -> None:
    kept = S3Anchor(s3, BUCKET, "audit/", kept_for=timedelta(days=2196))

    kept.keep(head(1), at=NOW)

    (one,) = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert one["Key"] == f"audit/default/{1:019d}-{'01' * 32}.json"
    lock = s3.head_object(Bucket=BUCKET, Key=one["Key"])
    assert lock["ObjectLockMode"] == "COMPLIANCE"
    assert lock["ObjectLockRetainUntilDate"] == NOW + timedelta(days=2196)
    (version,) = s3.list_object_versions(Bucket=BUCKET)["Versions"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=BUCKET, Key=one["Key"], VersionId=version["VersionId"])


def test_heads_in_a_bucket_are_read_by_their_names(s3: Any) -> None:
    kept = S3Anchor(s3, BUCKET, "", kept_for=timedelta(days=1))
    for seq in range(1, 5):
        kept.keep(head(seq), at=NOW)
    kept.keep(head(1, "other"), at=NOW)

    assert list(kept.heads()) == [*(head(seq) for seq in range(1, 5)), head(1, "other")]


def test_a_stranger_among_the_objects_is_told(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="default/hello.json", Body=b"")

    with pytest.raises(AnchorBroken, match=r"hello\.json"):
        list(S3Anchor(s3, BUCKET, "", kept_for=timedelta(days=1)).heads())


def test_a_bucket_that_is_away_is_told_and_tried_again(s3: Any) -> None:
    with pytest.raises(Transient, match="NoSuchBucket"):
        S3Anchor(s3, "no-such-bucket", "", kept_for=timedelta(days=1)).keep(head(1), at=NOW)


def test_the_settings_name_the_anchor(s3: Any, tmp_path: Path) -> None:
    def chosen(place: str | None) -> object:
        environment: dict[str, Any] = {"PMS_SYNC_HOME": tmp_path, "audit_anchor": place}
        return anchor(Settings(_env_file=None, aws_region="us-east-1", **environment))

    assert isinstance(chosen(None), FileAnchor)
    assert isinstance(chosen(f"s3://{BUCKET}/audit"), S3Anchor)
