"""Hearing what Postgres notifies of."""

from typing import Self

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from infra.database import CONNECT_SECONDS, VANISHED, plain_errors

MAY_HAVE_MISSED = ""
"""Heard after a reconnect: look for yourself, some notices may be lost."""


class Listener:
    """Hears NOTIFY on a connection of its own, and finds a new one when that is lost.

    For a `with` statement; `wait` in a loop.
    """

    def __init__(self, url: str, channel: str) -> None:
        self._url = make_url(url).set(drivername="postgresql")
        self._channel = channel
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def __enter__(self) -> Self:
        with plain_errors():
            self._connect()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, *, timeout: float) -> list[str]:
        """Payloads heard within the time, empty when none was.

        `MAY_HAVE_MISSED` is among them after the connection had to be made anew.
        Raises DatabaseAway while there is no connection to be had.
        """
        try:
            if self._connection is None:
                self._connect()
                return [MAY_HAVE_MISSED]
            heard = self._connection.notifies(timeout=timeout, stop_after=1)
            return [notice.payload for notice in heard]
        except psycopg.Error:
            self.close()
        with plain_errors():
            self._connect()
        return [MAY_HAVE_MISSED]

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> None:
        self._connection = psycopg.connect(
            self._url.render_as_string(hide_password=False),
            autocommit=True,
            application_name=f"pms-sync listening to {self._channel}",
            connect_timeout=CONNECT_SECONDS,
            **VANISHED,
        )
        listen_to = sql.Identifier(self._channel)
        self._connection.execute(sql.SQL("LISTEN {}").format(listen_to))
