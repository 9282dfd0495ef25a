"""Where the ingress listens, and what is said where it cannot."""

import pytest

from domain.errors import BadInput
from infra.listening import listening


def test_a_port_that_another_has_is_told() -> None:
    (held,) = listening("127.0.0.1", 0)
    port = held.getsockname()[1]

    with held, pytest.raises(BadInput, match=rf"^Port {port} of 127\.0\.0\.1 .*in use.*--port"):
        listening("127.0.0.1", port)


def test_a_host_that_nobody_knows_is_told() -> None:
    with pytest.raises(BadInput, match=r"^Port 8000 of nowhere\.invalid cannot .*--host"):
        listening("nowhere.invalid", 8000)
