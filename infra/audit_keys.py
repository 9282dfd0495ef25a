"""The keys of audit chains, derived from the settings and told apart from those that open data."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.audit_chain import ChainKey, ChainKeys
from infra.settings import Settings

KEY_BYTES = 32
ID_BYTES = 4


def audit_keys(given: Settings) -> ChainKeys:
    """AUDIT_KEY, else ENCRYPTION_KEY, chains; whatever is configured may judge."""
    texts = [
        given.audit_key.get_secret_value(),
        given.encryption_key.get_secret_value(),
        *given.old_audit_keys,
        *given.old_encryption_keys,
    ]
    return keys_from([text for text in texts if text])


def borrowed(given: Settings) -> list[bytes]:
    """The ids of keys that judge only for being named among the earlier encryption keys."""
    own = {given.audit_key.get_secret_value(), *given.old_audit_keys}
    return [key_from(text).id for text in given.old_encryption_keys if text not in own]


def keys_from(texts: list[str]) -> ChainKeys:
    """Keys of 64 hexadecimal digits; the first one chains."""
    keys = [key_from(text) for text in texts]
    return ChainKeys(current=keys[0], known={key.id: key for key in keys})


def key_from(text: str) -> ChainKey:
    secret = bytes.fromhex(text)
    return ChainKey(
        id=_derived(secret, "audit key id", ID_BYTES), secret=_derived(secret, "audit chain")
    )


def _derived(secret: bytes, purpose: str, length: int = KEY_BYTES) -> bytes:
    info = f"pms-sync {purpose} v1".encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret)
