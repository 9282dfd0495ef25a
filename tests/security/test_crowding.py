"""One person, or one whose body never ends, takes no more than a share of the ingress."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from http import HTTPStatus

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from domain.people import Person, Role
from producers.crowds import Crowds
from producers.limits import MOST_UNKNOWN, BodyLimit, Knows
from producers.problems import Problem
from tests.producers.conftest import Site, engine, make_site

__all__ = ["engine", "make_site"]

Made = Callable[..., Site]
ANN = Person(account_id="default", name="Ann Example", role=Role.PROVIDER)
NAMESAKE = Person(account_id="another", name="Ann Example", role=Role.OWNER)
EVENTS = "/api/run-sheet/events"
SCOPE: Scope = {"type": "http", "method": "POST", "path": "/", "headers": []}


def _anybody(_: Scope) -> AbstractAsyncContextManager[None]:
    return nullcontext()


def test_whoever_asks_for_too_much_at_once_waits_and_nobody_else_does() -> None:
    crowds, served = Crowds(at_once=1), list[str]()

    async def ask(person: Person, name: str) -> None:
        async with crowds.turn(person):
            served.append(name)

    async def scene() -> None:
        async with asyncio.TaskGroup() as tasks, crowds.turn(ANN):
            tasks.create_task(ask(ANN, "hers"))
            await asyncio.wait_for(ask(NAMESAKE, "another's"), timeout=5)
            served.append("her first")

    asyncio.run(scene())

    assert served == ["another's", "her first", "hers"]
    assert crowds == Crowds(at_once=1)


def test_whose_turn_does_not_come_is_told_so_and_holds_no_place() -> None:
    crowds = Crowds(at_once=1, patience=0.01)

    async def scene() -> Problem:
        async with crowds.turn(ANN):
            with pytest.raises(Problem) as refused:
                async with crowds.turn(ANN):
                    raise AssertionError("there was a place")
        async with crowds.turn(ANN):
            return refused.value

    problem = asyncio.run(scene())

    assert problem.status is HTTPStatus.TOO_MANY_REQUESTS
    assert problem.headers["Retry-After"] == "5"


def test_nobody_leaves_more_streams_open_than_their_windows_need() -> None:
    crowds = Crowds(streams=1)

    with (
        crowds.stream(ANN),
        crowds.stream(NAMESAKE),
        pytest.raises(Problem) as refused,
        crowds.stream(ANN),
    ):
        raise AssertionError("there was room")

    assert refused.value.status is HTTPStatus.TOO_MANY_REQUESTS
    with crowds.stream(ANN):
        pass


@pytest.mark.integration
@pytest.mark.parametrize("path", ["/", "/sheet?date=2026-11-23", "/api/run-sheet", "/api/audit"])
def test_pages_and_answers_wait_for_their_reader_s_turn(make_site: Made, path: str) -> None:
    site = make_site(crowds=Crowds(at_once=0, patience=0.01))

    answer = site.client.get(path, headers=site.bearer())

    assert answer.status_code == 429
    assert "under way at once" in answer.text


@pytest.mark.integration
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/login", 200),
        ("POST", "/vapi/webhook", 401),
        ("GET", "/api/run-sheet", 401),
    ],
)
def test_callers_and_whoever_signs_in_take_nobody_s_turn(
    make_site: Made, method: str, path: str, status: int
) -> None:
    site = make_site(crowds=Crowds(at_once=0, patience=0.01))

    assert site.client.request(method, path).status_code == status


@pytest.mark.integration
def test_a_stream_takes_no_turn_and_too_many_are_refused(make_site: Made) -> None:
    site = make_site(crowds=Crowds(at_once=0, streams=1))

    with site.client.stream("GET", EVENTS, headers=site.bearer()) as followed:
        another = site.client.get(EVENTS, headers=site.bearer())

    assert (followed.status_code, another.status_code) == (200, 429)
    assert "end some of them" in another.json()["detail"]


def test_a_body_that_never_ends_is_waited_for_no_longer_than_is_good() -> None:
    sent = _exchanged([{"type": "http.request", "body": b"{", "more_body": True}])

    assert sent[0]["status"] == HTTPStatus.REQUEST_TIMEOUT
    assert (b"connection", b"close") in sent[0]["headers"]
    assert len(sent) == 2


def test_whoever_has_sent_all_of_a_body_may_be_answered_for_as_long_as_it_takes() -> None:
    sent = _exchanged([{"type": "http.request", "body": b"{}", "more_body": False}])

    assert sent[0]["status"] == HTTPStatus.OK


def test_a_long_body_is_taken_of_somebody_known_and_they_are_held_to_it_until_the_end() -> None:
    happened: list[str] = []

    @asynccontextmanager
    async def knows(_: Scope) -> AsyncIterator[None]:
        happened.append("looked at")
        yield
        happened.append(f"answered: {len(sent)}")

    sent: list[Message] = []
    few, many = b"x" * MOST_UNKNOWN, b"y"
    _exchanged([{"type": "http.request", "body": few, "more_body": False}], sent, knows=knows)
    assert happened == []
    sent.clear()
    parts = [(few, True), (many, True), (many, False)]
    messages: list[Message] = [
        {"type": "http.request", "body": one, "more_body": more} for one, more in parts
    ]
    _exchanged(messages, sent, knows=knows)

    assert happened == ["looked at", "answered: 2"]


@pytest.mark.integration
@pytest.mark.parametrize("path", ["/api/run-sheet/appointments", "/api/conflicts/settle"])
def test_json_is_read_for_whoever_proves_who_they_are(make_site: Made, path: str) -> None:
    site = make_site()
    no_json = b"[" * (MOST_UNKNOWN + 1)
    kind = {"Content-Type": "application/json"}

    unknown = site.client.post(path, content=no_json, headers=kind)
    known = site.client.post(path, content=no_json, headers=kind | site.bearer())

    assert (unknown.status_code, known.status_code) == (401, 400)


def _exchanged(
    messages: list[Message], sent: list[Message] | None = None, *, knows: Knows = _anybody
) -> list[Message]:
    """What is answered by whoever reads the body, then listens for as long as the line is open."""
    come: Iterator[Message] = iter(messages)
    told = [] if sent is None else sent

    async def receive() -> Message:
        for one in come:
            return one
        await asyncio.Event().wait()
        raise AssertionError("nothing ends this")

    async def send(message: Message) -> None:
        told.append(message)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(), timeout=0.1)
        await PlainTextResponse("read")(scope, receive, send)

    asyncio.run(BodyLimit(app, knows=knows, seconds=0.02)(SCOPE, receive, send))
    return told
