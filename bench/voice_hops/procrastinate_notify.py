"""Procrastinate, its worker woken by NOTIFY; it keeps no results: its task answers by another."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException

from bench.voice_hops.kit import PATIENCE_S, THREADS, Call, database_url, main, ready

ANSWERED = "bench_answered"


def work(_: str) -> None:
    asyncio.run(_listening())


async def _listening() -> None:
    app = _app()
    async with app.open_async():
        try:
            await app.schema_manager.apply_schema_async()
        except ConnectorException:
            """It is there from an earlier start."""
        app.task(name="echo")(_echo_of(app))
        ready()
        await app.run_worker_async(
            concurrency=THREADS, listen_notify=True, install_signal_handlers=False
        )


@contextmanager
def calling(_: str) -> Iterator[Call]:
    app = _app()
    with (
        psycopg.connect(database_url(), autocommit=True) as answers,
        asyncio.Runner() as runner,
    ):
        answers.execute(f"LISTEN {ANSWERED}")
        runner.run(app.open_async().__aenter__())

        def call() -> object:
            runner.run(app.configure_task("echo", allow_unknown=True).defer_async(number=1))
            return next(answers.notifies(timeout=PATIENCE_S, stop_after=1))

        yield call


def _echo_of(app: App):  # noqa: ANN202 - a coroutine function
    async def echo(number: int) -> None:
        await app.connector.execute_query_async(
            "SELECT pg_notify(%(channel)s, %(number)s)", channel=ANSWERED, number=str(number)
        )

    return echo


def _app() -> App:
    return App(connector=PsycopgConnector(conninfo=database_url()))


if __name__ == "__main__":
    main(work, calling)
