"""An endpoint and its secret are kept together, or neither is."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Connection as Db

from adapters.outgoing.keeping import Keeper, Undo
from adapters.outgoing.posting import SECRET
from infra.database import CommitUnknown, transaction
from tests.outgoing.office import Office, office, receiver
from tests.producers.conftest import engine, make_site, site

__all__ = ["engine", "make_site", "office", "receiver", "site"]

pytestmark = pytest.mark.integration

Do = Callable[[Db, list[Undo]], None]
URL = "https://hooks.example.com/pms-sync"


class Broken(Exception):
    """The transaction is taken back."""


@pytest.fixture
def keeper(office: Office) -> Keeper:
    ports = office.site.ports
    return Keeper(secrets=ports.secrets, prefix="tests", clock=ports.clock, is_production=False)


def secrets(office: Office) -> list[str]:
    kept = office.site.ports.secrets.kept  # type: ignore[attr-defined]
    return [one[SECRET] for one in kept.values()]


def fails(office: Office, keeper: Keeper, error: type[Exception], do: Do) -> None:
    database = office.site.ports.database
    with keeper.together() as undo, transaction(database, account_id="default") as db:
        do(db, undo)
        raise error("at the end")


@pytest.mark.parametrize(("error", "kept"), [(Broken, 1), (CommitUnknown, 2)])
def test_an_endpoint_that_is_not_kept_leaves_no_secret(
    office: Office, keeper: Keeper, error: type[Exception], kept: int
) -> None:
    def add(db: Db, undo: list[Undo]) -> None:
        keeper.add(db, URL, account_id="default", by="Sam", undo=undo)

    with pytest.raises(error):
        fails(office, keeper, error, add)

    assert len(secrets(office)) == kept


@pytest.mark.parametrize(("error", "is_put_back"), [(Broken, True), (CommitUnknown, False)])
def test_a_secret_that_nobody_was_told_takes_no_others_place(
    office: Office, keeper: Keeper, error: type[Exception], is_put_back: bool
) -> None:
    def rotate(db: Db, undo: list[Undo]) -> None:
        keeper.rotate(db, UUID(office.endpoint), undo=undo)

    with pytest.raises(error):
        fails(office, keeper, error, rotate)

    assert (secrets(office) == [office.secret]) is is_put_back
