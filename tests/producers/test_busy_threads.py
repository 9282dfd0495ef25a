"""What is answered while every thread of the pages waits, as when the database hangs."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from anyio import to_thread

from producers.callers import LAST_SECONDS
from producers.main import GRACE_SECONDS, create_app
from producers.ports import Ports
from tests.producers.conftest import Site

pytestmark = pytest.mark.integration


def while_all_wait(ports: Ports, method: str, path: str) -> httpx.Response:
    async def scene() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(ports))
        threads = to_thread.current_default_thread_limiter()
        threads.total_tokens = 1
        async with threads, httpx.AsyncClient(transport=transport, base_url="http://in") as client:
            return await asyncio.wait_for(client.request(method, path), timeout=15)

    return asyncio.run(scene())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/metrics", 200),
        ("POST", "/vapi/webhook", 401),
        ("POST", "/vapi/tools/book-appointment", 401),
    ],
    ids=["whether it lives", "metrics", "callers", "callers of one tool"],
)
def test_probes_and_callers_wait_for_no_thread_of_the_pages(
    make_site: Callable[..., Site], method: str, path: str, status: int
) -> None:
    assert while_all_wait(make_site().ports, method, path).status_code == status


def test_an_ingress_that_is_told_to_stop_lets_callers_hear_their_answer() -> None:
    assert GRACE_SECONDS > LAST_SECONDS
