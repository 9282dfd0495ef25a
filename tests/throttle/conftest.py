"""A clock over a real server whose time stands still until a test moves it."""

import pytest
from redis import Redis

from adapters.throttle.clock import Margins
from tests.throttle.rig import Rig


@pytest.fixture
def rig(redis_client: Redis) -> Rig:
    return Rig(redis_client, start=Rig.start_of_tests(), margins=Margins())
