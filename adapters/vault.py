"""One connection's secrets where they are stored, under those the operator set for its vendor."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.credentials import SecretStore


@dataclass(frozen=True, slots=True)
class StoredSecrets:
    """Reads past any cache and writes back what a vendor gave anew."""

    store: SecretStore
    ref: str
    preset: Mapping[str, str] = field(default_factory=dict, repr=False)

    def fresh(self) -> Mapping[str, str]:
        return {**self.preset, **self._own()}

    def keep(self, changes: Mapping[str, str | None]) -> None:
        changed = {**self._own(), **changes}
        self.store.replace(self.ref, {name: one for name, one in changed.items() if one})

    def _own(self) -> Mapping[str, str]:
        self.store.forget(self.ref)
        return self.store.get(self.ref)
