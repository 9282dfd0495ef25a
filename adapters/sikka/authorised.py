"""Who authorised the application, as Sikka lists it, with the secrets that prove it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from adapters import pms
from adapters.opening import Opener
from adapters.rest.answers import dig
from adapters.rest.auth import Ask
from adapters.rest.caller import Caller
from adapters.sikka.keys import application
from adapters.sikka.offices import ENVELOPE
from adapters.sikka.zones import iana
from adapters.trying import Trials
from domain.authorisations import OFFICE, Linked, Listed, Located, Office
from domain.connections import Connection
from domain.errors import BadInput, BrokenContract, NeedsReconnect
from domain.sources import Spend

NAME = "sikka"
PATH = "/authorized_practices"
PAGE = 500
MOST_PAGES = 200
PRACTICE_CHARACTERS = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.+@"
)
LONGEST = 200


@dataclass(slots=True)
class SikkaOffices:
    """The application's own view: its list, a first key for an office, and where secrets go."""

    opener: Opener
    secrets_prefix: str = ""
    _spent: list[Spend] = field(default_factory=list)

    @property
    def is_set_up(self) -> bool:
        """Whether the operator has given the application's keys."""
        keys = self.opener.presets.get(NAME, {})
        return bool(keys.get("app_id") and keys.get("app_key"))

    def listed(self) -> Listed:
        """Every office by its id in capitals; items that make no sense are left out."""
        caller = self._caller()
        try:
            return _offices(list(_items(caller)))
        finally:
            self._spent.extend(caller.drain_spent())

    def opens(self, linked: Linked) -> bool:
        """Whether the office still lets us in with the secret its connection has stored."""
        secret = self._stored(linked.secret_ref).get("secret_key")
        if not secret:
            return False
        office = Office(office_id=linked.office_id, secret_key=secret, practices=())
        try:
            self.prove(office, account_id=linked.account_id)
        except NeedsReconnect:
            return False
        return True

    def prove(self, office: Office, *, account_id: str) -> None:
        """Buy a first request key with the office's secret; raises where Sikka refuses it."""
        secrets = _secrets(office)
        trial = Trials(self.opener).open(_connection(account_id, office.office_id), secrets=secrets)
        try:
            trial.forget_token()
            trial.sign_in()
        finally:
            self._spent.extend(trial.drain_spent())

    def is_stored(self, ref: str | None, office: Office) -> bool:
        """Whether that is where the office's present secret is."""
        return self._stored(ref).items() >= _secrets(office).items()

    def store(self, ref: str | None, office: Office, *, account_id: str, site: str) -> str:
        """Keep the secret where the connection has its own, or under a name made of its site."""
        if self.is_stored(ref, office) and ref is not None:
            return ref
        store = self.opener.secrets
        if ref is not None:
            with suppress(NeedsReconnect):  # it was deleted meanwhile
                # A refresh key belongs to the secret it was bought with.
                store.replace(ref, _secrets(office))
                return ref
        name = f"{self.secrets_prefix.strip('/')}/{NAME}/{account_id}/{site.replace(':', '/')}"
        return store.put(name.lstrip("/"), _secrets(office))

    def drain_spent(self) -> Sequence[Spend]:
        drained, self._spent = self._spent, []
        return drained

    def _stored(self, ref: str | None) -> Mapping[str, str]:
        if ref is None:
            return {}
        try:
            return self.opener.secrets.get(ref)
        except NeedsReconnect:
            return {}

    def _caller(self) -> Caller:
        here = self.opener.placed(_connection("", "application"))
        vendor, keys = pms.vendor(NAME), self.opener.presets.get(NAME, {})
        if vendor.auth is None or not self.is_set_up:
            raise BadInput("Set SIKKA_APP_ID and SIKKA_APP_KEY: the application has no keys.")
        # The list is asked for as the application: its allowance is nobody's office.
        secrets = {**keys, "office_id": "application"}
        return Caller(vendor, vendor.auth, here, secrets, self.opener.ports(here))


def _items(caller: Caller) -> Iterator[Any]:
    for page in range(MOST_PAGES):
        # `offset` counts pages; the default lists an office's first practice only.
        params = {"show": "all", "limit": str(PAGE), "offset": str(page)}
        ask = Ask(url=caller.url(PATH, {}, params), name=PATH, headers=application(caller.secrets))
        contents = ENVELOPE.open(caller.send(ask).body)
        yield from contents.items
        if not contents.items or not _next(contents.body):
            return
    raise BrokenContract(f"Sikka: {PATH} does not end")


def _next(body: Any) -> bool:
    one = body[0] if isinstance(body, list) and len(body) == 1 else body
    return bool(dig(one, "pagination.next"))


def _offices(items: Sequence[Any]) -> Listed:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for item in items:
        if isinstance(item, dict) and OFFICE.fullmatch(_text(item, "office_id") or ""):
            found.setdefault(str(_text(item, "office_id")).upper(), []).append(item)
    made = {key: _office(rows) for key, rows in found.items()}
    return {key: office for key, office in made.items() if office is not None}


def _office(rows: Sequence[Mapping[str, Any]]) -> Office | None:
    secret = next((found for one in rows if (found := _text(one, "secret_key"))), None)
    practices = {one.practice_id: one for row in rows if (one := _practice(row)) is not None}
    if secret is None or not practices:
        return None
    office_id = str(_text(rows[0], "office_id"))
    return Office(office_id=office_id, secret_key=secret, practices=tuple(practices.values()))


def _practice(row: Mapping[str, Any]) -> Located | None:
    practice_id = _text(row, "practice_id")
    if practice_id is None or not set(practice_id) <= PRACTICE_CHARACTERS:
        return None
    return Located(
        practice_id=practice_id,
        name=_text(row, "practice_name"),
        pms_type=_text(row, "practice_management_system"),
        timezone=_zone(_text(row, "practice_management_system_refresh_date_time_zone")),
    )


def _zone(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return iana(name)
    except BadInput:
        return None


def _text(row: Mapping[str, Any], key: str) -> str | None:
    """One line of text; numbers are meant as they are written."""
    value = row.get(key)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    text = str(value).strip()
    return text if 0 < len(text) <= LONGEST and text.isprintable() else None


def _secrets(office: Office) -> Mapping[str, str]:
    return {"office_id": office.office_id, "secret_key": office.secret_key}


def _connection(account_id: str, site: str) -> Connection:
    """None that is stored: an office is proved before there is one."""
    own_id = uuid5(NAMESPACE_URL, f"sikka/{account_id}/{site}")
    return Connection(id=own_id, account_id=account_id, vendor=NAME, site=site, timezone="UTC")
