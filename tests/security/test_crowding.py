"""One person, or one whose body never ends, takes no more than a share of the ingress."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from http import HTTPStatus
from uuid import UUID

import pytest
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from adapters.queue import RedisAnnouncer
from adapters.replies import Replies
from adapters.vapi.verifying import short_plans
from domain.people import Person, Role
from producers.callers import Voice
from producers.crowds import Crowds
from producers.limits import MOST_UNKNOWN, BodyLimit, Knows
from producers.main import create_app
from producers.problems import Problem
from tests.producers.conftest import Site, engine, make_site
from tests.saying import hearing
from tests.tenants.asking import every_route
from tests.webhooks.forging import SECRET

__all__ = ["engine", "make_site"]

Made = Callable[..., Site]
ANN = Person(account_id="default", name="Ann Example", role=Role.PROVIDER)
NAMESAKE = Person(account_id="another", name="Ann Example", role=Role.OWNER)
EVENTS = "/api/run-sheet/events"
FOR_ASSISTANTS = "/api/pms/"
IN_LINE = "under way at once"
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
def test_every_page_and_answer_waits_for_its_reader_s_turn(make_site: Made) -> None:
    site = make_site(crowds=Crowds(at_once=0, patience=0.001))
    by = site.bearer()

    answers = {one: site.client.request(*one, headers=by) for one in _closed(site)}

    assert len(answers) > 100
    assert [one for one, answer in answers.items() if IN_LINE not in answer.text] == []


@pytest.mark.integration
def test_the_thread_that_serves_everybody_waits_for_no_database(
    make_site: Made, engine: Engine, redis_url: str
) -> None:
    plans = short_plans(SECRET, allow_bare=False)
    voice = Voice(plans=plans, replies=Replies(redis_url), announcer=RedisAnnouncer(redis_url))
    site, held_up = make_site(voice=voice), set[str]()
    asked_for = ""

    def heard(_: object, __: str) -> None:
        with suppress(RuntimeError):  # where no loop runs, it is another thread
            asyncio.get_running_loop()
            held_up.add(asked_for)

    with hearing(engine, heard):
        for method, path in _closed(site):
            asked_for = f"{method} {path}"
            site.client.request(method, path, headers=site.bearer())
            if path.startswith(FOR_ASSISTANTS):
                site.client.request(method, path, headers={"X-Vapi-Secret": SECRET})

    assert held_up == set()


def _closed(site: Site) -> Iterator[tuple[str, str]]:
    """What not everybody may ask for, with ids of nothing; but for the stream, which has no end."""
    for one in every_route(create_app(site.ports)):
        if one.permission is not None and one.path != EVENTS:
            yield one.method, re.sub(r"\{\w+\}", str(UUID(int=1)), one.path)


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
