"""Opens a PMS with secrets that may not be stored yet, to see whether a connection works."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from adapters import pms
from adapters.opening import Opener
from adapters.rest.source import RestSource
from adapters.storage.practices.checks import CheckStore
from domain.appointments import AppointmentType, Practice, Practitioner
from domain.checks import Check, CheckKind, failure
from domain.connections import Connection
from domain.credentials import SecretStore, Token, TokenRequest
from domain.errors import BadInput, NeedsReconnect, SyncError, Transient
from domain.sources import AppointmentSource, Spend

CODE = "code"
"""What a pairing code is called among the secrets of a check."""


class _NoneKept(Exception):
    """No token is shared under this key."""


def _none_kept() -> Token:
    raise _NoneKept


@dataclass(frozen=True, slots=True)
class Trial:
    """A connection opened with the secrets to be tried."""

    connection: Connection
    secrets: Mapping[str, str] = field(repr=False)
    source: AppointmentSource
    opener: Opener

    @property
    def describes_itself(self) -> bool:
        """Whether the PMS can be asked who the practice is."""
        vendor = pms.vendor(self.connection.vendor)
        return vendor.practice is not None or vendor.opens is not None

    @property
    def is_named(self) -> bool:
        """Whether a person chose the name: the PMS's own then gives way."""
        ours = {"", self.connection.site, pms.vendor(self.connection.vendor).title}
        return self.connection.name not in ours

    def practice(self) -> Practice:
        return self.source.practice()

    def practitioners(self) -> Sequence[Practitioner]:
        return self.source.practitioners()

    def types(self) -> Sequence[AppointmentType]:
        return self.source.types()

    def sign_in(self) -> None:
        """Buy a token and nothing else: all that can be tried before the practice is paired."""
        self.source.renew()

    def pair(self, code: str) -> str:
        """The site the code stands for; the code is spent."""
        if not isinstance(self.source, RestSource):
            raise BadInput("This PMS has no pairing codes.")
        return self.source.pair(code)

    def drain_spent(self) -> Sequence[Spend]:
        return self.source.drain_spent()

    def forget_token(self) -> None:
        """Whoever shares the token buys the next one: one bought before would prove nothing.

        Where each sign-in counts against the account, one that the same secrets bought is proof
        enough, and only a refusal is forgotten.
        """
        with suppress(NeedsReconnect):
            # Secrets that lack a part never bought one.
            key = self.opener.token_key(self.connection, self.secrets)
            if key is not None and not self._is_proof(key):
                self.opener.tokens.forget(key)

    def _is_proof(self, key: str) -> bool:
        is_good = pms.vendor(self.connection.vendor).proves
        if is_good is None:
            return False
        try:
            return is_good(self.opener.tokens.current(TokenRequest(key=key, fetch=_none_kept)))
        except _NoneKept:
            return False


@dataclass(frozen=True, slots=True)
class Trials:
    """Trials of one process, within the budgets that all processes share."""

    opener: Opener

    def open(
        self,
        connection: Connection,
        *,
        secrets: Mapping[str, str] | None = None,
        in_use: str | None = None,
    ) -> Trial:
        """With its stored secrets, or with `secrets` that are stored only if they prove good.

        `in_use` names those it goes by until the stored ones have proved good.
        """
        here = self.opener.placed(connection)
        if secrets is None:
            ports = self.opener.stored_ports(here, in_use=in_use)
            keys = self.opener.secrets_of(here)
        else:
            ports = self.opener.ports(here)
            keys = {**self.opener.presets.get(connection.vendor, {}), **secrets}
        source = pms.open_source(here, secrets=keys, ports=ports)
        return Trial(connection, keys, source, self.opener)

    def of(self, check: Check) -> Trial:
        """The connection as the check would leave it."""
        return self.open(check.tried, in_use=check.held.secret_ref)

    def code(self, check: Check) -> str:
        """The pairing code a person typed, where it is still kept."""
        if check.kind is not CheckKind.PAIR or check.trial_ref is None:
            raise BadInput("The pairing code is gone; enter it again.")
        return self.opener.secrets.get(check.trial_ref).get(CODE, "")

    def failure(self, connection: Connection, error: SyncError) -> str:
        vendor = pms.vendor(connection.vendor)
        return failure(error, site_label=vendor.site_label, pairs=vendor.pairing is not None)

    def forget_replaced(self, check: Check) -> None:
        """Forget what the secrets before these bought, where they and Redis are still there."""
        with suppress(NeedsReconnect, Transient):
            # Should Redis have gone by now: nobody asks for that token again, and it ends.
            before, now = self._token_key(check.held), self._token_key(check.tried)
            if before is not None and before != now:
                self.opener.tokens.forget(before)

    def _token_key(self, connection: Connection) -> str | None:
        return self.opener.token_key(connection, self.opener.secrets_of(connection))

    def forget(self, ref: str | None) -> None:
        """Delete secrets nobody needs any more."""
        if ref is not None:
            self.opener.secrets.delete(ref)


def forget_leftovers(
    store: CheckStore, secrets: SecretStore, connection_id: UUID | None = None
) -> int:
    """Delete the secrets of checks whose job died, or was called off, before it could."""
    found = store.stranded(connection_id)
    for one in found:
        secrets.delete(one.trial_ref)
        store.forgot(one.id, account_id=one.account_id)
    return len(found)
