"""Patient data and tokens as they rest: sealed with AES-256-GCM to the one place they belong."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import BadInput, SyncError

KEY_BYTES = 32
KEY_ID_BYTES = 4
NONCE_BYTES = 12
TAG_BYTES = 16
INDEX_BYTES = 16

SEAL_VERSION = b"\x01"
FINGERPRINT_VERSION = b"\x02"
UNNAMED_VERSION = b"\x01"
"""Fingerprints that were made before they named their key."""

NONCE_AT = len(SEAL_VERSION) + KEY_ID_BYTES
HEADER_BYTES = NONCE_AT + NONCE_BYTES


class SealBroken(SyncError):
    """Sealed bytes were altered, moved to another place, or sealed under a key we lack."""


@dataclass(frozen=True, slots=True)
class Mac:
    """HMAC-SHA-256 (RFC 2104) of many short messages, its key taken in once.

    `hmac.digest` takes it in anew for each, and lets go of the interpreter's lock meanwhile.
    """

    inner: Any = field(repr=False)
    outer: Any = field(repr=False)

    @classmethod
    def of(cls, key: bytes) -> Self:
        block = key.ljust(sha256().block_size, b"\x00")
        return cls(
            sha256(bytes(one ^ 0x36 for one in block)), sha256(bytes(one ^ 0x5C for one in block))
        )

    def digest(self, message: bytes) -> bytes:
        inner, outer = self.inner.copy(), self.outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        made: bytes = outer.digest()
        return made


@dataclass(frozen=True, slots=True)
class Key:
    """What one ENCRYPTION_KEY becomes: a key per purpose, and the id that names it in headers."""

    id: bytes
    cipher: AESGCM = field(repr=False)
    index: Mac = field(repr=False)
    prints: Mac = field(repr=False)

    @classmethod
    def from_hex(cls, text: str) -> Self:
        secret = _secret(text)
        return cls(
            id=derived(secret, "key id", KEY_ID_BYTES),
            cipher=AESGCM(derived(secret, "data")),
            index=Mac.of(derived(secret, "blind index")),
            prints=Mac.of(derived(secret, "fingerprint")),
        )


@dataclass(frozen=True, slots=True)
class Keyring:
    """One key to seal with, and every key that can still open what was sealed before."""

    current: Key
    readable: dict[bytes, Key] = field(repr=False)

    @classmethod
    def from_hex(cls, current: str, *, old: Iterable[str] = ()) -> Self:
        newest = Key.from_hex(current)
        keys = [newest, *(Key.from_hex(text) for text in old)]
        return cls(current=newest, readable={key.id: key for key in keys})


class Sealer:
    """Seals, opens and indexes; one per process, shared by its threads."""

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys
        self._stamp = SEAL_VERSION + keys.current.id

    def seal(
        self, plain: str | bytes, *, table: str, column: str, row: object, account: str
    ) -> bytes:
        """Bytes that only open at the same table, column, row and account."""
        text = plain.encode() if isinstance(plain, str) else plain
        place = _place(table, column, row, account, self._keys.current.id)
        return self._sealed(os.urandom(NONCE_BYTES), text, place)

    def seal_cells(
        self, cells: Mapping[str, str], *, table: str, row: object, account: str
    ) -> dict[str, bytes]:
        """As `seal`, for several columns of one row; what they have in common is made once."""
        stamp, key = self._stamp, self._keys.current
        encrypt, beyond = key.cipher.encrypt, _row_place(row, account) + key.id
        nonces = os.urandom(NONCE_BYTES * len(cells))
        sealed, at = {}, 0
        for column, text in cells.items():
            nonce = nonces[at : (at := at + NONCE_BYTES)]
            place = _column_place(table, column) + beyond
            sealed[column] = stamp + nonce + encrypt(nonce, text.encode(), place)
        return sealed

    def open(self, sealed: bytes, *, table: str, column: str, row: object, account: str) -> bytes:
        key = self._key_of(sealed)
        place = _place(table, column, row, account, key.id)
        try:
            return key.cipher.decrypt(sealed[NONCE_AT:HEADER_BYTES], sealed[HEADER_BYTES:], place)
        except InvalidTag:
            raise SealBroken(f"{table}.{column}: altered, or sealed for another place") from None

    def open_text(
        self, sealed: bytes, *, table: str, column: str, row: object, account: str
    ) -> str:
        return self.open(sealed, table=table, column=column, row=row, account=account).decode()

    def reseal(self, sealed: bytes, *, table: str, column: str, row: object, account: str) -> bytes:
        """The same at the same place, under the key in force."""
        plain = self.open(sealed, table=table, column=column, row=row, account=account)
        return self.seal(plain, table=table, column=column, row=row, account=account)

    def is_current(self, sealed: bytes) -> bool:
        """Whether a rotation can leave these bytes as they are."""
        return sealed.startswith(self._stamp)

    def is_of_another(self, sealed: bytes) -> bool:
        """Whether its header names a key that is none of ours; of what is damaged nobody knows."""
        key_id = sealed[len(SEAL_VERSION) : NONCE_AT]
        is_ours = sealed.startswith(SEAL_VERSION) and len(key_id) == KEY_ID_BYTES
        return is_ours and key_id not in self._keys.readable

    @property
    def key_id(self) -> bytes:
        """What blind indexes under the key in force begin with."""
        return self._keys.current.id

    @property
    def old_key_ids(self) -> list[bytes]:
        return [one for one in self._keys.readable if one != self._keys.current.id]

    @property
    def old_stamps(self) -> list[bytes]:
        """What was sealed under the keys that are only readable begins so."""
        return [SEAL_VERSION + one for one in self.old_key_ids]

    @property
    def print_stamp(self) -> bytes:
        """What fingerprints under the key in force begin with."""
        return FINGERPRINT_VERSION + self._keys.current.id

    def blind_index(self, value: str, *, table: str, column: str, account: str) -> bytes:
        """Equal for equal values of one column and account, telling nothing else."""
        return _indexed(self._keys.current, value, _place(table, column, "", account, b""))

    def blind_indexes(self, value: str, *, table: str, column: str, account: str) -> list[bytes]:
        """What to search for while a rotation is under way: the index under every readable key."""
        place = _place(table, column, "", account, b"")
        return [_indexed(key, value, place) for key in self._keys.readable.values()]

    def fingerprint(self, document: bytes) -> bytes:
        """Changes when the document does; kept apart from the data key, so it opens nothing."""
        return _printed(self._keys.current, document)

    def named_fingerprints(self, document: bytes) -> list[bytes]:
        """As `fingerprints`, of those that name their key: the one in force comes first."""
        return [_printed(key, document) for key in self._keys.readable.values()]

    def fingerprints(self, document: bytes) -> list[bytes]:
        """The same under every readable key: what was printed before a rotation is known again."""
        keys = self._keys.readable.values()
        unnamed = [UNNAMED_VERSION + _digest(key, document) for key in keys]
        return self.named_fingerprints(document) + unnamed

    def _sealed(self, nonce: bytes, text: bytes, place: bytes) -> bytes:
        return self._stamp + nonce + self._keys.current.cipher.encrypt(nonce, text, place)

    def _key_of(self, sealed: bytes) -> Key:
        if len(sealed) < HEADER_BYTES + TAG_BYTES or not sealed.startswith(SEAL_VERSION):
            raise SealBroken("not sealed by us")
        key = self._keys.readable.get(bytes(sealed[len(SEAL_VERSION) : NONCE_AT]))
        if key is None:
            raise SealBroken("sealed under a key that is not configured (see ENCRYPTION_KEYS_OLD)")
        return key


def _place(table: str, column: str, row: object, account: str, key_id: bytes) -> bytes:
    """The associated data; lengths keep neighbouring parts from running into each other."""
    return _column_place(table, column) + _row_place(row, account) + key_id


@cache
def _column_place(table: str, column: str) -> bytes:
    return f"{len(table)}:{table}{len(column)}:{column}".encode()


def _row_place(row: object, account: str) -> bytes:
    spot = str(row)
    return f"{len(spot)}:{spot}{len(account)}:{account}".encode()


def _indexed(key: Key, value: str, place: bytes) -> bytes:
    message = place + b"\x00" + value.encode()
    return key.id + key.index.digest(message)[:INDEX_BYTES]


def _printed(key: Key, document: bytes) -> bytes:
    return FINGERPRINT_VERSION + key.id + _digest(key, document)


def _digest(key: Key, document: bytes) -> bytes:
    return key.prints.digest(document)[:INDEX_BYTES]


def _secret(text: str) -> bytes:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        raise BadInput("an encryption key is 64 hexadecimal characters") from None
    if len(secret) != KEY_BYTES:
        raise BadInput("an encryption key is 64 hexadecimal characters")
    return secret


def derived(secret: bytes, purpose: str, length: int = KEY_BYTES) -> bytes:
    """Keys for different purposes, none of which tells anything about another."""
    info = f"pms-sync {purpose} v1".encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret)
