"""A practice that sends texts, with a database of each test alone."""

from collections.abc import Callable, Iterator

import pytest

from simulators.twilio import TwilioSimulator
from tests.producers.conftest import Site, engine, make_site
from tests.texts.office import Office, office

__all__ = ["engine", "make_site"]


@pytest.fixture
def texting(make_site: Callable[..., Site]) -> Iterator[Office]:
    simulator = TwilioSimulator()
    site = make_site(twilio_auth_token=simulator.account.auth_token)
    with site.everything() as db:
        db.exec_driver_sql(
            "INSERT INTO accounts (id, name) VALUES ('default', 'Ours') ON CONFLICT DO NOTHING"
        )
    with office(site, simulator) as made:
        yield made
