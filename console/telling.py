"""Lets a simulated PMS tell our ingress what changes, as a practice manager would enter it."""

import httpx

from adapters.storage.deliveries import webhook_keys
from console.wiring import Wiring
from domain.connections import Connection
from infra.clock import system_clock
from infra.database import transaction
from producers.webhooks.senders import HEADER, senders

TIMEOUT = 30.0
EVENTS = (
    ("appointment.create", "created"),
    ("appointment.update", "updated"),
    ("appointment.delete", "deleted"),
    ("patient.update", "updated"),
)
"""The vendor's name for each, and the address of ours it goes to."""


def enter_webhooks(wiring: Wiring, connection: Connection, simulator_url: str, ours: str) -> None:
    """Where the connection's PMS sends any; the others are followed by syncing alone."""
    sender = senders().get(connection.vendor)
    if sender is None:
        return
    with transaction(wiring.engine, account_id=connection.account_id) as db:
        key = webhook_keys.make(db, wiring.sealer, connection.id, at=system_clock())
    addresses = sender.addresses(ours)
    for event, address in EVENTS:
        hook = {
            "tenant": connection.site,
            "event": event,
            "url": addresses[address],
            "header": {"name": HEADER, "value": key},
        }
        answer = httpx.post(f"{simulator_url}/_sim/webhooks", json=hook, timeout=TIMEOUT)
        answer.raise_for_status()
