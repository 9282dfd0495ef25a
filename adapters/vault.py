"""One connection's secrets where they are stored, under those the operator set for its vendor."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.rest.sign_in import GRANT, REFRESH
from domain.credentials import SecretStore
from domain.errors import NeedsReconnect


@dataclass(frozen=True, slots=True)
class StoredSecrets:
    """Reads past any cache and writes back what a vendor gave anew.

    Secrets on trial may hold the same sign-in as those in use, which `in_use` names. A refresh
    token is good once: what is bought for the trial is then kept by both, however the trial ends.
    """

    store: SecretStore
    ref: str
    preset: Mapping[str, str] = field(default_factory=dict, repr=False)
    in_use: str | None = None

    def fresh(self) -> Mapping[str, str]:
        own = self._stored(self.ref)
        return {**self.preset, **own, **self._shared(own)}

    def keep(self, changes: Mapping[str, str | None]) -> None:
        own = self._stored(self.ref)
        newest = changes.get(REFRESH)
        if self.in_use is not None and newest and self._shared(own):
            self._change(self.in_use, {REFRESH: newest})
        self._change(self.ref, changes)

    def _shared(self, own: Mapping[str, str]) -> Mapping[str, str]:
        """The newest refresh token of a sign-in that those in use hold, too."""
        if self.in_use is None or not own.get(GRANT):
            return {}
        try:
            used = self._stored(self.in_use)
        except NeedsReconnect:
            return {}
        is_same = used.get(GRANT) == own[GRANT] and used.get(REFRESH)
        return {REFRESH: used[REFRESH]} if is_same else {}

    def _change(self, ref: str, changes: Mapping[str, str | None]) -> None:
        changed = {**self._stored(ref), **changes}
        self.store.replace(ref, {name: one for name, one in changed.items() if one})

    def _stored(self, ref: str) -> Mapping[str, str]:
        self.store.forget(ref)
        return self.store.get(ref)
