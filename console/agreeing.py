"""No connection in production without the agreements on patient data it needs."""

from adapters.storage.people import agreements
from console.wiring import Wiring
from infra.clock import system_clock
from infra.database import transaction


def require_agreements(wiring: Wiring, *, account_id: str, vendor: str) -> None:
    """One sentence that names with whom an agreement is missing, or nothing."""
    with transaction(wiring.engine, account_id=account_id) as db:
        agreements.require(
            db,
            vendor,
            now=system_clock(),
            is_production=wiring.settings.is_production,
        )
