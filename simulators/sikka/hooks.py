"""Webhooks: pings without records after a refresh, until five in a row have failed."""

import json
import threading
from dataclasses import dataclass, field
from queue import Empty, Queue
from typing import Any

from simulators.sikka.cloud import Cloud
from simulators.sikka.copies import Event
from simulators.sikka.offices import Office
from simulators.sikka.posting import check_address, post

Json = dict[str, Any]
EVENTS = ("Data_Refresh", "patient", "transaction", "appointments")
KINDS = {"patients": "patient", "appointments": "appointments"}
ACCEPTED = {200, 201, 202, 204}
MOST_PER_EVENT, MOST_FAILURES = 2, 5
TURN_SECONDS = 0.2
NEVER = "1111-11-11T00:00:00"


@dataclass(slots=True)
class Hook:
    event: str
    url: str
    callback_key: str
    failures: int = 0
    is_active: bool = True
    statuses: list[int | None] = field(default_factory=list)


class Hooks:
    """One thread, and none before the first address is known."""

    def __init__(self, cloud: Cloud, stopping: threading.Event) -> None:
        self._cloud = cloud
        self._stopping = stopping
        self._hooks: list[Hook] = []
        self._waiting: Queue[tuple[Hook, Json]] = Queue()
        self._thread: threading.Thread | None = None
        cloud.watchers.append(self._refreshed)

    def control(self, told: Json, rest: str) -> Json:
        """Register one; at `settle`, wait until nothing is left to deliver."""
        if rest == "settle":
            self._waiting.join()
            return self.told()
        if told["event"] not in EVENTS:
            raise ValueError(f"no such event; there are {', '.join(EVENTS)}")
        if sum(each.event == told["event"] for each in self._hooks) >= MOST_PER_EVENT:
            raise ValueError(f"at most {MOST_PER_EVENT} an event")
        key = str(told.get("callback_key", ""))
        self._hooks.append(Hook(told["event"], check_address(told["url"]), key))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        return self.told()

    def clear(self) -> Json:
        self._hooks.clear()
        return self.told()

    def told(self) -> Json:
        """Everything but the keys."""
        return {
            "webhooks": [
                {"event": each.event, "url": each.url, "is_active": each.is_active,
                 "failures": each.failures, "statuses": each.statuses}
                for each in self._hooks
            ]
        }  # fmt: skip

    def _refreshed(self, office: Office, events: list[Event]) -> None:
        if not self._hooks:
            return
        changed = {(KINDS[each.kind], each.record["practice_id"]) for each in events}
        pings = [("Data_Refresh", "1"), *sorted(changed)]
        for event, practice_id in pings:
            for hook in self._hooks:
                if hook.event == event and hook.is_active:
                    self._waiting.put((hook, _ping(office, event, practice_id)))

    def _work(self) -> None:
        """Also keeps the refreshes coming while nobody asks."""
        while not self._stopping.is_set():
            try:
                hook, ping = self._waiting.get(timeout=TURN_SECONDS)
            except Empty:
                self._cloud.settle()
                continue
            self._deliver(hook, ping)
            self._waiting.task_done()

    def _deliver(self, hook: Hook, ping: Json) -> None:
        if not hook.is_active:
            return
        status = post(hook.url, json.dumps(ping).encode(), {"callback-key": hook.callback_key})
        hook.statuses.append(status)
        hook.failures = 0 if status in ACCEPTED else hook.failures + 1
        hook.is_active = hook.failures < MOST_FAILURES


def _ping(office: Office, event: str, practice_id: str) -> Json:
    """The practice is a number in one event and text in the others."""
    moment = f"{office.refreshed_at:%Y-%m-%dT%H:%M:%S}"
    is_number = event == "Data_Refresh"
    return {
        "event": event,
        "office_id": office.id,
        "practice_id": int(practice_id) if is_number else practice_id,
        "customer_id": office.cust_id,
        "prev_generated_time": moment,
        "next_data_synchronization_date": NEVER,
        "generated_time": moment,
    }
