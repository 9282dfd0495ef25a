"""Secrets of connections in one sealed file, for a machine without a secret manager."""

import errno
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from adapters.secrets.names import GONE, checked_name, packed
from domain.errors import BadInput, NeedsReconnect, Refused, Transient
from infra.sealing import Sealer

FILE = "secrets.sealed"
LOCK = "secrets.lock"
OTHER_KEY = (
    "{file} was sealed with another key than this. Put the right ENCRYPTION_KEY back, or name it in"
    " ENCRYPTION_KEYS_OLD; without the variable it is encryption.key in the folder keys beside it."
)

Document = dict[str, dict[str, str]]


class FileSecretStore:
    """One document of all secrets, sealed as a whole; shared safely between processes."""

    def __init__(self, home: Path, sealer: Sealer) -> None:
        self._home = home
        self._sealer = sealer

    def get(self, ref: str) -> Mapping[str, str]:
        try:
            return MappingProxyType(self._read()[ref])
        except KeyError:
            raise NeedsReconnect(GONE) from None

    def put(self, name: str, values: Mapping[str, str]) -> str:
        """Store or replace; the name is the reference."""
        checked_name(name)
        packed(values)
        with self._changed() as document:
            document[name] = dict(values)
        return name

    def replace(self, ref: str, values: Mapping[str, str]) -> None:
        packed(values)
        with self._changed() as document:
            if ref not in document:
                raise NeedsReconnect(GONE)
            document[ref] = dict(values)

    def forget(self, ref: str) -> None:
        """Nothing is remembered: every read is of the file."""

    def delete(self, ref: str) -> None:
        with self._changed() as document:
            document.pop(ref, None)

    def require_its_key(self) -> None:
        """Refuse to begin under another key: whatever came in would be sealed under it.

        One that is damaged is no reason: pages, and callers, need nothing of it.
        """
        file = self._home / FILE
        if file.exists() and self._sealer.is_of_another(file.read_bytes()):
            raise BadInput(OTHER_KEY.format(file=file))

    def reseal(self) -> bool:
        """Seal everything under the newest key, after a rotation; whether that was to be done."""
        if self.is_current:
            return False
        with self._changed():
            return True

    @property
    def is_current(self) -> bool:
        """Whether an earlier key can go without taking the secrets along."""
        file = self._home / FILE
        return not file.exists() or self._sealer.is_current(file.read_bytes())

    def _read(self) -> Document:
        try:
            sealed = (self._home / FILE).read_bytes()
        except FileNotFoundError:
            return {}
        except OSError:
            raise Refused("the secret store cannot be read; check its owner and mode") from None
        plain = self._sealer.open(sealed, table="secrets", column="file", row=FILE, account="")
        document: Document = json.loads(plain)
        return document

    @contextmanager
    def _changed(self) -> Iterator[Document]:
        """Read, change and write while no other process does; a full disk may have room later."""
        try:
            with self._alone() as document:
                yield document
        except OSError as error:
            why = errno.errorcode.get(error.errno or 0, "unknown")
            raise Transient(
                f"the secret store cannot be written ({why}); check its disk, owner and mode"
            ) from None

    @contextmanager
    def _alone(self) -> Iterator[Document]:
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._home / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            document = self._read()
            yield document
            self._write(document)
        finally:
            os.close(lock)

    def _write(self, document: Document) -> None:
        """Readers see the old file or the new one, whole, whenever the power goes."""
        text = json.dumps(document, ensure_ascii=False)
        sealed = self._sealer.seal(text, table="secrets", column="file", row=FILE, account="")
        draft = self._home / f"{FILE}.{secrets.token_hex(8)}"
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._home / FILE)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        folder = os.open(self._home, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
