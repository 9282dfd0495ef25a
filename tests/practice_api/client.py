"""A client of the practice's own API: people with tokens, an assistant, a worker behind it all."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import redis
from sqlalchemy import text

from domain.people import Role
from domain.work import DESK_CALL
from infra.database import dispatch
from infra.notices import Listener
from tests.described import is_as_described
from tests.voice.line import SECRET, Line, line
from tests.webhooks.serving import bearer

_READY = text(
    "SELECT id FROM jobs WHERE kind = ANY(:kinds) AND state = 'ready' AND due_at <= now()"
)


@dataclass
class Client:
    """`desk` is the practice's own; `stopping` ends the worker."""

    line: Line
    database_url: str
    stopping: threading.Event = field(default_factory=threading.Event)
    kinds: tuple[str, ...] = (DESK_CALL,)

    def send(  # noqa: PLR0913 - a request has these parts
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Role = Role.BILLING,
        account: str = "default",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> httpx.Response:
        sent = dict(bearer(account, role) if headers is None else headers)
        sent |= {"Idempotency-Key": key} if key else {}
        answer = self.line.client.request(
            method, f"/api/pms{path}", json=body, headers=sent, params=query
        )
        is_as_described(answer)
        return answer

    def told(self, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """What a request that succeeds answers."""
        answer = self.send(method, path, body, **more)
        assert answer.status_code in {200, 201}, answer.text
        document = dict(answer.json())
        assert document["success"] is True
        return document

    def signed(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        secret: str = SECRET,
        call: str | None = None,
        key: str | None = None,
        **query: Any,
    ) -> httpx.Response:
        """As an assistant's own request, signed by Vapi, within a phone call."""
        content = b"" if body is None else json.dumps(body).encode()
        signature = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
        headers = {"x-vapi-signature": signature, "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        named = {**query, "callId": call} if call else query
        answer = self.line.client.request(
            method, f"/api/pms{path}", content=content, headers=headers, params=named
        )
        is_as_described(answer)
        return answer

    def rings(self) -> str:
        """A phone call has begun; its id."""
        self.line.hang_up()
        self.says("status-update")
        return self.line.call_id

    def says(self, kind: str, **more: Any) -> None:
        """A message of the call that asks for nothing."""
        message = self.line.message([])
        told = {**message["message"], "type": kind, "toolCallList": [], **more}
        assert self.line.send({"message": told}).status_code == 200

    def switch(self, **features: bool) -> None:
        with dispatch_all(self) as db:
            db.execute(
                text("UPDATE pms_connections SET features = features || CAST(:new AS jsonb)"),
                {"new": json.dumps(features)},
            )

    def audited(self) -> list[Any]:
        return self.line.rows(
            "SELECT action, endpoint, method, user_id, phi_fields, patient_id, response_time,"
            " response_status, success, host(ip_address) AS address, user_agent"
            " FROM pms_audit_logs ORDER BY created_at, id"
        )

    def work(self) -> None:
        """Carry what is asked, as a worker of the default pool would."""
        execution = self.line.execution()
        with Listener(self.database_url, "jobs") as bell:
            while not self.stopping.is_set():
                with dispatch(self.line.engine) as db:
                    ids = db.execute(_READY, {"kinds": list(self.kinds)}).scalars().all()
                for job_id in ids:
                    execution.run(job_id)
                bell.wait(timeout=0.1)


@contextmanager
def dispatch_all(client: Client) -> Iterator[Any]:
    with client.line.engine.begin() as db:
        yield db


@contextmanager
def client(  # noqa: PLR0913 - what a test has otherwise than usual
    database_url: str,
    client: redis.Redis,
    redis_url: str,
    *,
    works: bool = True,
    answer_seconds: float = 15.0,
    kinds: tuple[str, ...] = (DESK_CALL,),
    texts: bool = True,
) -> Iterator[Client]:
    patience = {"answer_seconds": answer_seconds}
    with line(database_url, client, redis_url, texts=texts, **patience) as served:
        made = Client(served, database_url, kinds=kinds)
        made.switch(notes=True, insurance=True, payments=True)
        worker = threading.Thread(target=made.work, daemon=True)
        if works:
            worker.start()
        yield made
        made.stopping.set()
        if works:
            worker.join(timeout=10)
