"""Practices, the codes that pair them with the app, and whether access to them is open."""

import string
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from simulators.chance import chance
from simulators.clinic import Clinic
from simulators.front import refusal, said
from simulators.gentu.knobs import Knobs
from simulators.serving import Reply

CODE_LETTERS = string.ascii_uppercase + string.digits
CODE_LENGTH = 8


class Access(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    UNPAIRED = "unpaired"


@dataclass(slots=True)
class Tenant:
    id: str
    number: int
    clinic: Clinic
    access: Access


@dataclass
class Tenants:
    """All practices of the vendor's world, paired or not."""

    seed: object
    by_id: dict[str, Tenant]
    _codes: dict[str, str] = field(default_factory=dict)
    _spent: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._rng = chance("codes", self.seed)

    def new_code(self, tenant_id: str) -> str:
        """What staff see after pressing "add"; a new code replaces nothing."""
        with self._lock:
            code = "".join(self._rng.choices(CODE_LETTERS, k=CODE_LENGTH))
            self._codes[code] = self.by_id[tenant_id].id
            return code

    def pair(self, code: str, knobs: Knobs) -> Reply:
        with self._lock:
            if code in self._spent:
                return refusal(knobs.spent_code_status, "Pairing code already used")
            tenant_id = self._codes.pop(code, None)
            if tenant_id is None:
                return refusal(HTTPStatus.NOT_FOUND, "Pairing code not found")
            self._spent.add(code)
            self.by_id[tenant_id].access = Access.ACTIVE
            return said({"message": "Paired successfully", "tenantId": tenant_id})

    def listed(self, knobs: Knobs) -> list[dict[str, Any]]:
        """Disabled practices stay, un-paired ones vanish; the field `status` is assumed."""
        return [
            {**details(tenant, knobs), "status": tenant.access}
            for tenant in self.by_id.values()
            if tenant.access is not Access.UNPAIRED
        ]


def details(tenant: Tenant, knobs: Knobs) -> dict[str, Any]:
    known = {
        "tenantNumber": f"{tenant.number:06}",
        "tenantName": f"Example Practice {tenant.number}",
        "timezone": tenant.clinic.zone.key,
    }
    return {"tenantId": tenant.id, **(dict.fromkeys(known) if knobs.has_null_details else known)}
