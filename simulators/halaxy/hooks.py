"""Webhooks: what staff do in the web interface, told to the addresses they have entered."""

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from queue import Empty, Queue
from typing import Any

from simulators.chance import id_of
from simulators.clinic import Change
from simulators.halaxy.groups import Clock
from simulators.halaxy.knobs import Knobs
from simulators.halaxy.outcomes import FHIR
from simulators.halaxy.shapes import stamp

ACCEPTED = {200, 201, 202}
TIMEOUT_SECONDS = 5
IDLE_SECONDS = 0.2
EVENTS = ("patient.create", "patient.update", "appointment.create", "appointment.update",
          "appointment.delete")  # fmt: skip
KINDS = {
    "register": "patient.create",
    "rename": "patient.update",
    "rephone": "patient.update",
    "add": "appointment.create",
    "delete": "appointment.delete",
}


@dataclass(frozen=True, slots=True)
class Hook:
    """Where one event of one practice group goes."""

    tenant: str
    event: str
    url: str
    header: tuple[str, str] | None = None


@dataclass(slots=True)
class Delivery:
    event: str
    tenant: str
    reference: str
    id: int = 0  # counted as they are queued
    attempts: int = 0
    status: int | None = None  # of the last answer; none when there was none


@dataclass
class Hooks:
    """Delivers one after the other; the body never says which event it is."""

    knobs: Callable[[], Knobs]
    clock: Clock
    stopping: threading.Event = field(default_factory=threading.Event)
    hooks: dict[tuple[str, str], Hook] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting: Queue[Delivery] = Queue()
        self._here = threading.local()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def register(self, hook: Hook) -> None:
        """One address an event: another takes its place."""
        if hook.event not in EVENTS:
            raise ValueError(f"no such event: {hook.event!r}; there are {', '.join(EVENTS)}")
        if not hook.url.startswith(("http://", "https://")):
            raise ValueError("a webhook's address begins with http:// or https://")
        with self._lock:
            self.hooks[hook.tenant, hook.event] = hook
            if self._thread is None:
                self._thread = threading.Thread(target=self._deliver_on, daemon=True)
                self._thread.start()

    def clear(self) -> None:
        with self._lock:
            self.hooks.clear()
            self.deliveries.clear()

    @contextmanager
    def written_by_api(self) -> Iterator[None]:
        """What is done within came through the API, not from the web interface."""
        self._here.is_api = True
        try:
            yield
        finally:
            self._here.is_api = False

    def note(self, tenant: str, change: Change) -> None:
        if getattr(self._here, "is_api", False) and not self.knobs().fires_for_api_writes:
            return
        event = KINDS.get(change.kind, "appointment.update")
        if (tenant, event) not in self.hooks:
            return
        type_ = event.partition(".")[0].capitalize()
        reference = f"/main/{type_}/{change.appointment_id or change.patient_id}"
        for _ in range(self.knobs().webhook_copies):
            self._put(Delivery(event, tenant, reference))

    def _put(self, delivery: Delivery) -> None:
        with self._lock:
            delivery.id = len(self.deliveries) + 1
            self.deliveries.append(delivery)
        self._waiting.put(delivery)

    def replay(self, count: int, *, is_backwards: bool = False) -> int:
        """Send the last ones again, as if they were new."""
        again = self.deliveries[-count:] if count else []
        for each in reversed(again) if is_backwards else again:
            self._put(Delivery(each.event, each.tenant, each.reference))
        return len(again)

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is waiting to be delivered."""
        ends = time.monotonic() + seconds
        with self._waiting.all_tasks_done:
            while self._waiting.unfinished_tasks and time.monotonic() < ends:
                self._waiting.all_tasks_done.wait(ends - time.monotonic())
            return not self._waiting.unfinished_tasks

    def told(self) -> dict[str, Any]:
        """Everything but the values of headers."""
        with self._lock:
            hooks = [
                {"tenant": each.tenant, "event": each.event, "url": each.url,
                 "has_header": each.header is not None}
                for each in self.hooks.values()
            ]  # fmt: skip
            return {"webhooks": hooks, "deliveries": [asdict(each) for each in self.deliveries]}

    def _deliver_on(self) -> None:
        while not self.stopping.is_set():
            try:
                delivery = self._waiting.get(timeout=IDLE_SECONDS)
            except Empty:
                continue
            self._deliver(delivery)
            self._waiting.task_done()

    def _deliver(self, delivery: Delivery) -> None:
        for attempt in range(1 + self.knobs().webhook_retries):
            if attempt and self.stopping.wait(self.knobs().webhook_wait_seconds * attempt):
                return
            hook = self.hooks.get((delivery.tenant, delivery.event))
            if hook is None:
                return
            delivery.attempts += 1
            delivery.status = _post(hook, self._body(hook, delivery))
            if delivery.status in ACCEPTED:
                return

    def _body(self, hook: Hook, delivery: Delivery) -> bytes:
        type_ = delivery.reference.split("/")[2]
        focus = {"reference": delivery.reference, "type": type_}
        status = {
            "resourceType": "SubscriptionStatus",
            "status": "active",
            "type": "event-notification",
            "topic": f"SubscriptionTopic/{id_of('topic', hook.tenant, hook.event)}",
            "notificationEvent": [{"timestamp": stamp(self.clock.now()), "focus": focus}],
        }
        bundle = {"resourceType": "Bundle", "type": "history", "entry": [{"resource": status}]}
        return json.dumps(bundle).encode()


def _post(hook: Hook, body: bytes) -> int | None:
    headers = {"Content-Type": FHIR, **dict([hook.header] if hook.header else [])}
    request = urllib.request.Request(hook.url, body, headers, method="POST")  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as reply:  # noqa: S310 - checked
            return int(reply.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code
    except (
        OSError,
        http.client.HTTPException,
    ):  # nobody there; the delivery says so by having no status
        return None
