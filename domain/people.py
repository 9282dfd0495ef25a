"""Who may do what: the roles people have, and what each of them opens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    BILLING = "billing"
    PROVIDER = "provider"
    OPS = "ops"


class Permission(StrEnum):
    SEE_SHEET = "see_sheet"
    EDIT_SHEET = "edit_sheet"
    SYNC = "sync"
    SEE_STATUS = "see_status"
    OPERATE = "operate"
    SEE_CALLERS = "see_callers"
    CONFIGURE = "configure"
    SEE_AUDIT = "see_audit"


P = Permission
EVERYTHING = frozenset(Permission)

# Operators keep the machinery running and see no patient; clinicians read and change nothing. The
# page of what reached us is for both who look after that and who call people back.
ALLOWED: Mapping[Role, frozenset[Permission]] = {
    Role.OWNER: EVERYTHING,
    Role.ADMIN: EVERYTHING,
    Role.BILLING: frozenset({P.SEE_SHEET, P.EDIT_SHEET, P.SYNC, P.SEE_STATUS, P.SEE_CALLERS}),
    Role.PROVIDER: frozenset({P.SEE_SHEET, P.SEE_STATUS}),
    Role.OPS: frozenset({P.SYNC, P.SEE_STATUS, P.OPERATE, P.SEE_CALLERS, P.SEE_AUDIT}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who has proved who they are; `csrf` only where a browser's cookie was the proof."""

    account_id: str
    name: str
    role: Role
    csrf: str | None = field(default=None, repr=False)

    def may(self, permission: Permission) -> bool:
        return permission in ALLOWED[self.role]
