"""The anchor the settings name: a file, or a bucket with object lock."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from adapters.anchors.file import FileAnchor
from adapters.anchors.s3 import S3Anchor
from domain.audit_chain import Anchor
from infra import aws
from infra.audit_keys import audit_keys
from infra.settings import Settings

S3 = "s3://"
DAYS_A_YEAR = 366


def anchor(given: Settings) -> Anchor:
    """`s3://bucket/prefix`, or a file; unset, one beside the other data of this machine."""
    if given.audit_anchor and given.audit_anchor.startswith(S3):
        place = urlsplit(given.audit_anchor)
        client = aws.client("s3", given, wants="AUDIT_ANCHOR")
        kept_for = timedelta(days=given.audit_keep_years * DAYS_A_YEAR)
        return S3Anchor(client, place.netloc, place.path, kept_for=kept_for)
    path = Path(given.audit_anchor) if given.audit_anchor else of_home(given.home)
    return FileAnchor(path, audit_keys(given))


def of_home(home: Path) -> Path:
    """Where the heads are kept beside the other data of this machine."""
    return home / "audit" / "heads.jsonl"
