"""What a configuration may say, but should not: told at the start and by `pms-sync doctor`."""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from pydantic import SecretStr

from infra.links import lowered
from infra.origins import EVERY_SENDER

OLD_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "NEXT_PUBLIC_APP_URL": "APP_BASE_URL",
        "SIKKA_APPLICATION_ID": "SIKKA_APP_ID",
        "SIKKA_SECRET_KEY": "SIKKA_APP_KEY",
    }
)


def old_names(environment: Mapping[str, str]) -> Iterator[str]:
    for old, new in OLD_NAMES.items():
        if old in environment:
            yield f"{old} is an old name; call it {new}"


def weak_links(links: Mapping[str, SecretStr | None]) -> Iterator[str]:
    """Which of these addresses settles for an older TLS than we would."""
    for name, link in links.items():
        if link is not None and lowered(link.get_secret_value()):
            yield f"{name} allows TLS 1.2; 1.3 is safer"


def unknown_senders(named: Collection[str], known: Collection[str]) -> list[str]:
    """A problem and no caution: a list for a name that sends nothing would restrict nobody."""
    if set(named) <= {EVERY_SENDER, *known}:
        return []
    return [f"WEBHOOK_ALLOWED_IPS: names a sender that is none of {', '.join(sorted(known))}"]
