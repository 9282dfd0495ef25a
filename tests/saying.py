"""Hears what is about to be said to Postgres, whichever way it comes to the driver."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, event

Note = Callable[[psycopg.Connection[Any], str], None]


@contextmanager
def hearing(engine: Engine, note: Note) -> Iterator[None]:
    """Each statement over connections that are taken meanwhile, before it leaves."""

    class Heard(psycopg.Cursor[Any]):
        def execute(self, query: Any, *rest: Any, **more: Any) -> Any:
            note(self.connection, str(query))
            return super().execute(query, *rest, **more)

        def executemany(self, query: Any, *rest: Any, **more: Any) -> Any:
            note(self.connection, str(query))
            return super().executemany(query, *rest, **more)

    def taken(driver: Any, *_: object) -> None:
        driver.cursor_factory = Heard

    def given_back(driver: Any, *_: object) -> None:
        if driver is not None:
            driver.cursor_factory = psycopg.Cursor

    event.listen(engine, "checkout", taken)
    event.listen(engine, "checkin", given_back)
    try:
        yield
    finally:
        event.remove(engine, "checkout", taken)
        event.remove(engine, "checkin", given_back)
