"""`Idempotency-Key`: a request sent twice has its effect once and is answered alike."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from sqlalchemy import Connection as Db

from adapters.storage.deliveries import idempotency
from adapters.storage.deliveries.idempotency import Answer, Ask, Kept
from producers.describing import DEMANDED
from producers.doors import Door
from producers.problems import Problem

REPLAYED = "Idempotent-Replayed"
LONGEST_KEY = 200

__all__ = ["Answer", "Keyed", "Once"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """One request by its key; what was asked for is compared by a keyed hash of path and body."""

    key: str
    route: str
    asked: bytes = field(repr=False)

    def answer(self, door: Door, do: Callable[[Db], Answer]) -> JSONResponse:
        """What `do` answers, done in one transaction with the key; or what it answered before.

        Where `do` raises, nothing is kept and the key may be used again.
        """
        ask, sealer = self._ask(door), door.ports.sealer
        with door.transaction() as db:
            if not idempotency.claim(db, ask):
                return _again(idempotency.kept(db, sealer, ask))
            made = do(db)
            idempotency.keep(db, sealer, ask, made)
        return _told(made)

    def before(self, door: Door) -> JSONResponse | None:
        """What was answered to this key already; for effects that begin outside the database."""
        with door.transaction() as db:
            kept = idempotency.kept(db, door.ports.sealer, self._ask(door))
        return None if kept is None else _again(kept)

    def undo(self, door: Door, do: Callable[[Db], None]) -> None:
        """What was answered cannot be kept: take its effect back, and let the key be used again."""
        with door.transaction() as db:
            do(db)
            idempotency.forget(db, self._ask(door))

    def _ask(self, door: Door) -> Ask:
        return Ask(
            account_id=door.account_id,
            route=self.route,
            key=self.key,
            request_hash=door.ports.sealer.fingerprint(self.asked),
            prints=door.ports.sealer.fingerprints(self.asked),
        )


async def keyed(
    request: Request,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Any text of yours; send the same one when you send the request again.",
            json_schema_extra=DEMANDED,
        ),
    ] = None,
) -> Keyed:
    """A dependency: the request by its key, which is required."""
    if not key or len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "Send an Idempotency-Key header: a text of your own, new for each new request,"
            f" at most {LONGEST_KEY} characters.",
        )
    route = getattr(request.scope.get("route"), "path", request.url.path)
    asked = request.url.path.encode() + b"\x00" + await request.body()
    return Keyed(key=key, route=f"{request.method} {route}", asked=asked)


async def maybe_keyed(
    request: Request,
    key: Annotated[
        str | None,
        Header(alias="Idempotency-Key", description="So that a request sent again does it once."),
    ] = None,
) -> Keyed | None:
    """The same where a request may go without."""
    return None if key is None else await keyed(request, key)


Once = Annotated[Keyed, Depends(keyed)]
MaybeOnce = Annotated[Keyed | None, Depends(maybe_keyed)]


def _again(kept: Kept | None) -> JSONResponse:
    if kept is not None and not kept.is_same:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "This Idempotency-Key was used for another request; choose a new one.",
        )
    if kept is None or kept.answer is None:
        raise Problem(
            HTTPStatus.CONFLICT, "A request with this Idempotency-Key is under way; ask again."
        )
    return _told(kept.answer, headers={REPLAYED: "true"})


def _told(answer: Answer, *, headers: dict[str, str] | None = None) -> JSONResponse:
    told = {**answer.headers, **(headers or {})}
    return JSONResponse(dict(answer.body), status_code=answer.status, headers=told)
