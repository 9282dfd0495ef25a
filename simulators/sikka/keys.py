"""Request keys: bought with an office's secret or a refresh key, and living for a day."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from simulators.serving import Request
from simulators.sikka.clock import Clock
from simulators.sikka.errors import Refused
from simulators.sikka.knobs import Knobs
from simulators.sikka.offices import Office, secret

Json = dict[str, Any]
GRANTS = ("request_key", "refresh_key")


@dataclass(slots=True)
class App:
    """One pair for the whole application, 32 characters each."""

    id: str
    key: str

    def check(self, id_: str | None, key: str | None) -> None:
        if not id_:
            raise Refused("API1001")
        if not key:
            raise Refused("API1002")
        if (id_, key) != (self.id, self.key):
            raise Refused("API2003")


@dataclass(slots=True)
class Key:
    value: str
    office_id: str
    starts: datetime
    ends: datetime
    count: int = 1

    @property
    def header(self) -> dict[str, str]:
        return {"Request-Key-Expires": format_datetime(self.ends, usegmt=True)}


@dataclass
class Keys:
    app: App
    offices: Mapping[str, Office]
    clock: Clock
    knobs: Callable[[], Knobs]
    scope: tuple[str, ...] = ()
    _keys: dict[str, Key] = field(default_factory=dict)
    _deleted: set[str] = field(default_factory=set)  # refresh keys
    _made: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def grant(self, told: Mapping[str, Any]) -> Json:
        self.app.check(told.get("app_id"), told.get("app_key"))
        kind = told.get("grant_type")
        if not kind:
            raise Refused("API1020", "grant_type is required")
        if kind not in GRANTS:
            raise Refused("API1026", "grant_type must be request_key or refresh_key")
        with self._lock:
            office = self._by_refresh(told) if kind == "refresh_key" else self._by_secret(told)
            if not office.is_authorised:
                raise Refused("API2007")
            running = None if kind == "refresh_key" else self._running(office)
            return self._told(running or self._issue(office))

    def _by_secret(self, told: Mapping[str, Any]) -> Office:
        if not told.get("office_id"):
            raise Refused("API1003")
        if not told.get("secret_key"):
            raise Refused("API1005")
        office = self.offices.get(str(told["office_id"]))
        if office is None or office.secret_key != told["secret_key"]:
            raise Refused("API2007")
        return office

    def _by_refresh(self, told: Mapping[str, Any]) -> Office:
        asked = told.get("refresh_key")
        if not asked:
            raise Refused("API1020", "refresh_key is required")
        for office in self.offices.values():
            if office.refresh_key == asked and asked not in self._deleted:
                return office
        raise Refused("API1026", "refresh_key is not known")

    def _running(self, office: Office) -> Key | None:
        now = self.clock.now()
        running = [each for each in self._of(office) if each.ends > now]
        if not running or not self.knobs().hands_back:
            return None
        running[-1].count += 1
        return running[-1]

    def _of(self, office: Office) -> list[Key]:
        return [each for each in self._keys.values() if each.office_id == office.id]

    def _issue(self, office: Office) -> Key:
        now = self.clock.now()
        if not self.knobs().many_keys:
            for each in self._of(office):
                each.ends = min(each.ends, now)
        if self.knobs().rotates_refresh_keys and self._of(office):
            office.refresh_key = secret("refresh", office.refresh_key)
        if office.refresh_key in self._deleted:
            office.refresh_key = secret("refresh", office.refresh_key)
        self._made += 1
        value = secret("request", self.app.id, office.id, self._made)
        life = timedelta(seconds=self.knobs().key_seconds)
        self._keys[value] = Key(value, office.id, now, now + life)
        return self._keys[value]

    def _told(self, key: Key) -> Json:
        left = max(0, int((key.ends - self.clock.now()).total_seconds()))
        refused = self.knobs().unlicensed
        return {
            "href": f"https://api.sikkasoft.com/v4/request_key/{key.value}",
            "request_key": key.value,
            "start_time": f"{key.starts:%Y-%m-%dT%H:%M:%S}",
            "end_time": f"{key.ends:%Y-%m-%dT%H:%M:%S}",
            "expires_in": f"{left} second(s)",
            "issued_to": key.office_id,
            "status": "active" if left else "expired",
            "request_count": str(key.count),
            "scope": ",".join(name for name in self.scope if name not in refused),
            "domain": "Dental",
            "refresh_key": self.offices[key.office_id].refresh_key,
        }

    def key_of(self, request: Request) -> Key | None:
        """Whose key it is, be it expired or not."""
        return self._keys.get(request.headers.get("request-key", ""))

    def admit(self, request: Request) -> Office:
        key = self.key_of(request)
        if key is None:
            raise Refused("API1004")
        if key.ends <= self.clock.now():
            raise Refused("API1025")
        office = self.offices[key.office_id]
        if not office.is_authorised:
            raise Refused("API2007")
        return office

    def info(self, value: str) -> Json:
        if value not in self._keys:
            raise Refused("API1004")
        return self._told(self._keys[value])

    def revoke(self, request: Request) -> None:
        self.admit(request)
        with self._lock:
            del self._keys[request.headers["request-key"]]

    def revoke_refresh(self, value: str) -> None:
        if value in self._deleted or value not in {
            each.refresh_key for each in self.offices.values()
        }:
            raise Refused("API1026", "refresh_key is not known")
        self._deleted.add(value)

    def expire_all(self) -> int:
        with self._lock:
            for each in self._keys.values():
                each.ends = min(each.ends, self.clock.now())
            return len(self._keys)
