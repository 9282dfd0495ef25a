"""Doing once more what a delivery asked for."""

from uuid import UUID

from sqlalchemy import Connection as Db

from adapters.storage.deliveries import deliveries
from adapters.storage.jobs.ledger import put
from adapters.storage.practices import connections
from domain.authorisations import SUBJECT as OFFICE
from domain.connections import State
from domain.deliveries import APPOINTMENT, PATIENT, DeliveryState, parted
from domain.errors import BadInput
from domain.work import authorise_job, refetch_job

REPLAYED = frozenset({APPOINTMENT, PATIENT})


class NoDelivery(BadInput):
    """There is none of that id."""


def replay(db: Db, delivery_id: UUID) -> int:
    """It waits again, for the job answered; BadInput says why that cannot be."""
    row = deliveries.locked(db, delivery_id)
    if row is None:
        raise NoDelivery("There is no such delivery; see 'pms-sync deliveries list'.")
    if row["state"] == DeliveryState.STORED:
        raise BadInput("This delivery has not been settled yet; its job comes by itself.")
    if parted(row["subject"] or "")[0] == OFFICE:
        job_id = put(db, authorise_job(account_id=row["account_id"]))
        deliveries.store_again(db, delivery_id, job_id=job_id)
        return job_id
    if row["connection_id"] is None or parted(row["subject"] or "")[0] not in REPLAYED:
        raise BadInput("This delivery asks for nothing that could be done again.")
    connection = connections.load(db, row["connection_id"])
    if connection.state not in {State.ACTIVE, State.ERROR}:
        raise BadInput("Its connection is not active; resume it, and the next sync reads it all.")
    job = refetch_job(
        account_id=connection.account_id, connection_id=connection.id, vendor=connection.vendor
    )
    job_id = put(db, job)
    deliveries.store_again(db, delivery_id, job_id=job_id)
    return job_id
