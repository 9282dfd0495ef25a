"""The keys of audit chains, derived from the settings and told apart from those that open data."""

from domain.audit_chain import ChainKey, ChainKeys
from infra.sealing import derived
from infra.settings import Settings

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
        id=derived(secret, "audit key id", ID_BYTES), secret=derived(secret, "audit chain")
    )
