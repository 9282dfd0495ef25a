"""What goes on meanwhile: syncs, edits by hand, scans, changes at the PMS, calls."""

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx

from domain.errors import SyncError
from tests.chaos.world import VOICE, Connected, World
from tests.e2e.switchboard import NUMBER, SECRET, SOON, STRANGER
from tests.plain import NO_TLS

CALLERS = 6
HOURS = range(9, 16)
SATURDAY = 5
PATIENCE_SECONDS = 25.0
TRIES = 60
"""Of a person who finds the page away, one a second."""

COLUMNS = {
    "phone": "patient_phone",
    "name": "patient_name",
    "start": "start",
    "duration": "duration_minutes",
    "status": "status",
    "notes": "notes",
}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much of everything; it grows with the number of faults."""

    seconds: float
    rounds: int  # syncs of each practice
    edits: int
    readings: int
    changes: int
    calls: int


@dataclass
class Load:
    world: World
    amount: Amount
    seed: int
    stopping: threading.Event = field(default_factory=threading.Event)
    canaries: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _used: set[str] = field(default_factory=set)
    _bases: dict[tuple[str, str], Any] = field(default_factory=dict)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        for work in (self._syncs, self._edits, self._readings, self._changes, self._calls):
            thread = threading.Thread(target=self._safely, args=(work,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(self.amount.seconds + 120)

    def _safely(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as problem:  # noqa: BLE001 - the run is judged a failure by it
            self.problems.append(f"{work.__name__}: {type(problem).__name__}: {problem}")

    def _paced(self, count: int, salt: str) -> Any:
        """Dice for each of so many moments, spread evenly and waited for."""
        began = time.monotonic()
        dice = random.Random(f"{self.seed}/{salt}")  # noqa: S311 - a test's dice
        for number in range(count):
            due = began + self.amount.seconds * (number + dice.random()) / count
            if self.stopping.wait(max(0.0, due - time.monotonic())):
                return
            yield dice

    def _patiently(self, act: Callable[[], Any]) -> Any:
        """Whoever finds it away tries again, as people do."""
        for _ in range(TRIES):
            try:
                return act()
            except (SyncError, httpx.HTTPError):
                self.stopping.wait(1.0)
        raise TimeoutError("it was away for too long")

    def _syncs(self) -> None:
        turns = self.world.practices * self.amount.rounds
        for one, _ in zip(turns, self._paced(len(turns), "syncs"), strict=False):
            self._patiently(self.world.sign_in_again)
            self._patiently(partial(self.world.put_sync, one))

    def _changes(self) -> None:
        for number, dice in enumerate(self._paced(self.amount.changes, "changes")):
            # Who calls in is the only one who books at the practice that takes calls.
            others = [one for one in self.world.practices if one.account != VOICE]
            self.change(dice.choice(others), f"{self.seed}/{number}")

    def change(self, one: Connected, seed: str) -> None:
        """Something happens at the practice."""
        before = one.vendor.ask("changes", tenant=one.tenant, since=0)["version"]
        one.vendor.tell("live", {"tenant": one.tenant, "changes": 1, "seed": seed})
        told = one.vendor.ask("changes", tenant=one.tenant, since=before)
        for each in told["changes"]:
            self.world.history.note(
                "vendor change",
                connection=str(one.id),
                kind=each["kind"],
                appointment=each["appointment_id"],
                patient=each["patient_id"],
            )

    def _a_row(self, dice: random.Random) -> Any:
        """A row of the PMS nobody has touched yet."""
        rows = self._patiently(
            lambda: self.world.asked(
                "SELECT id, account_id, pms_connection_id, pms_appointment_id, pms_patient_id,"
                " timezone FROM run_sheet_appointments WHERE removed_at IS NULL"
                " AND pms_appointment_id IS NOT NULL AND patient_name IS NOT NULL"
                " AND account_id <> :voice ORDER BY id",
                voice=VOICE,
            )
        )
        with self._lock:
            free = [row for row in rows if str(row.id) not in self._used]
            found = dice.choice(free)
            self._used.add(str(found.id))
        return found

    def _edits(self) -> None:
        for number, dice in enumerate(self._paced(self.amount.edits, "edits")):
            row = self._a_row(dice)
            fields = dice.sample(list(COLUMNS), 2 if number % 3 == 0 else 1)
            for name in fields:
                self._patiently(partial(self._edit, row, name, dice))
            if "phone" in fields:
                self._contradict(row, dice)

    def _contradict(self, row: Any, dice: random.Random) -> None:
        """The practice, too, writes down a new number of whom a person has just given one."""
        one = next(each for each in self.world.practices if each.id == row.pms_connection_id)
        start = "04915701" if one.timezone.startswith("Australia") else "20255501"
        told = {
            "tenant": one.tenant,
            "action": "phone",
            "phone": f"{start}{dice.randrange(100):02}",
        }
        with suppress(httpx.HTTPStatusError):  # it has left the practice's book meanwhile
            one.vendor.tell(f"appointments/{row.pms_appointment_id}", told)
            self.world.history.note("contradiction", row=str(row.id))

    def _edit(self, row: Any, name: str, dice: random.Random) -> None:
        """Reads the row, sets the field on that version, and writes down what was there."""
        with self.world.api(row.account_id) as api:
            read = api.get(f"/api/run-sheet/appointments/{row.id}").raise_for_status()
            before = read.json()["appointment"]
            column = COLUMNS[name]
            if (before["provenance"].get(column) or {}).get("source") == "manual":
                after = before  # The answer to an earlier try was lost on its way.
            else:
                base = _shown(before, name)
                self._bases[str(row.id), name] = base
                wanted = self._wanted(name, before, dice)
                answer = api.patch(
                    f"/api/run-sheet/appointments/{row.id}",
                    json={column: wanted},
                    headers={"If-Match": read.headers["ETag"]},
                ).raise_for_status()
                after = answer.json()["appointment"]
        self.world.history.note(
            "edit",
            account=row.account_id,
            row=str(row.id),
            key=[row.pms_connection_id, row.pms_appointment_id, row.pms_patient_id],
            field=name,
            column=column,
            base=self._bases[str(row.id), name],
            value=after["own_notes"] if name == "notes" else _shown(after, name),
        )

    def _wanted(self, name: str, before: Json, dice: random.Random) -> Any:
        mark = f"Zq{dice.randrange(16**10):010x}"
        if name in {"name", "notes"}:
            self.canaries.append(mark)
        start = datetime.fromisoformat(before["start"])
        return {
            "phone": f"+1 202-555-01{dice.randrange(100):02}",
            "name": f"{mark} Example",
            "notes": f"Said by hand: {mark}",
            "start": (start + timedelta(minutes=3)).isoformat(),
            "duration": before["duration_minutes"] + 7,
            "status": "no_show" if before["status"] != "no_show" else "confirmed",
        }[name]

    def _readings(self) -> None:
        for number, dice in enumerate(self._paced(self.amount.readings, "readings")):
            self._read_again(dice) if number % 2 else self._read_new(dice, number)

    def _read_again(self, dice: random.Random) -> None:
        """A scan of a visit that the PMS lists, with another phone."""
        row = self._a_row(dice)
        entry = self._patiently(lambda: self._entry(row))
        phone = f"+1 202-555-01{dice.randrange(100):02}"
        told = {
            "source": "ocr",
            "start": entry["start"],
            "patient_name": entry["patient"]["full_name"],
            "patient_phone": phone,
            "clinician_id": entry["clinician_id"],
        }
        placed = self._placed(row.account_id, told)
        is_linked = placed["id"] == str(row.id)
        self.world.history.note(
            "ocr",
            row=placed["id"],
            key=[row.pms_connection_id, row.pms_appointment_id, row.pms_patient_id]
            if is_linked
            else None,
            fields={"phone": phone},
        )

    def _read_new(self, dice: random.Random, number: int) -> None:
        """A scan of a visit that no PMS knows."""
        mark = f"Zr{dice.randrange(16**10):010x}"
        self.canaries.append(mark)
        start = datetime.combine(self.world.days[0], datetime.min.time())
        start += timedelta(hours=7, minutes=number % 60)
        told = {
            "source": "ocr",
            "start": start.isoformat(timespec="minutes"),
            "timezone": "Australia/Melbourne",
            "patient_name": f"{mark} Scanned",
        }
        placed = self._placed("default", told)
        self.world.history.note("ocr", row=placed["id"], key=None, fields={})

    def _entry(self, row: Any) -> Json:
        with self.world.api(row.account_id) as api:
            answer = api.get(f"/api/run-sheet/appointments/{row.id}").raise_for_status()
            found: Json = answer.json()["appointment"]
            return found

    def _placed(self, account: str, told: Mapping[str, Any]) -> Json:
        """Sent again with the same key until it is answered."""
        key = uuid4().hex

        def send() -> Json:
            with self.world.api(account) as api:
                answer = api.post(
                    "/api/run-sheet/appointments", json=told, headers={"Idempotency-Key": key}
                ).raise_for_status()
                found: Json = answer.json()["appointments"][0]
                return found

        placed: Json = self._patiently(send)
        return placed

    def _calls(self) -> None:
        one = next(each for each in self.world.practices if each.account == VOICE)
        truth = one.vendor.truth(one.tenant)
        known = _known_apart(truth)
        self.world.history.note("booked before", ids=[row["id"] for row in truth["appointments"]])
        with ThreadPoolExecutor(max_workers=CALLERS) as threads:
            for number, dice in enumerate(self._paced(self.amount.calls, "calls")):
                caller = number // 3
                patient = known[caller] if number % 3 == 0 and caller < len(known) else None
                threads.submit(self._call, one, patient, random.Random(dice.random()))  # noqa: S311

    def _call(self, one: Connected, patient: Json | None, dice: random.Random) -> None:
        """Somebody who books, delivered once to three times, or asks what is free."""
        zone = ZoneInfo(one.timezone)
        day = datetime.now(zone).date() + SOON + timedelta(days=dice.randrange(5))
        while day.weekday() >= SATURDAY:
            day += timedelta(days=1)
        arguments: Json = {"date": f"{day}"}
        name = "check-availability"
        if patient:
            name = "book-appointment"
            arguments |= {
                "time": f"{dice.choice(HOURS):02}:{dice.choice([0, 30]):02}",
                "duration": 30,
                "type": "Check-up",
                "firstName": patient["first"],
                "lastName": patient["last"],
                "dateOfBirth": patient["date_of_birth"],
            }
        call = uuid4().hex
        for _ in range(dice.choice([1, 1, 2]) if patient else 1):
            self._deliver(call, name, arguments, patient)

    def _deliver(self, call: str, name: str, arguments: Json, patient: Json | None) -> None:
        function = {"name": name, "arguments": json.dumps(arguments)}
        body = {
            "message": {
                "type": "tool-calls",
                "toolCallList": [{"id": "t1", "type": "function", "function": function}],
                "call": {"id": call, "customer": {"number": STRANGER}},
                "phoneNumber": {"number": NUMBER},
            }
        }
        began = time.monotonic()
        status, said = self._answer(body)
        self.world.history.note(
            "call",
            call=call,
            tool=name,
            patient=patient and patient["id"],
            status=status,
            seconds=round(time.monotonic() - began, 3),
            said=said,
        )

    def _answer(self, body: Json) -> tuple[str, str | None]:
        """From whichever door is open, as a load balancer would have it."""
        status = "no door"
        for door in self.world.doors:
            try:
                answer = httpx.post(
                    f"{door}/vapi/webhook",
                    json=body,
                    headers={"X-Vapi-Secret": SECRET},
                    timeout=PATIENCE_SECONDS,
                    verify=NO_TLS,
                )
            except httpx.ConnectError:
                continue
            except httpx.HTTPError as lost:
                status = type(lost).__name__
                break
            return _read(answer)
        return status, None


def _read(answer: httpx.Response) -> tuple[str, str | None]:
    if answer.status_code != httpx.codes.OK:
        return str(answer.status_code), None
    entry = answer.json()["results"][0]
    return "200", str(entry.get("result") or entry.get("error"))


def _shown(entry: Json, name: str) -> Any:
    patient = entry["patient"] or {}
    return {
        "phone": patient.get("phone"),
        "name": patient.get("full_name"),
        "start": entry["start"],
        "duration": entry["duration_minutes"],
        "status": entry["status"],
        "notes": entry["pms_notes"],
    }[name]


def _known_apart(truth: Json) -> list[Json]:
    """People whose last name and birthday are nobody else's."""
    everybody = {one["id"]: one for row in truth["appointments"] for one in row["patients"]}
    named = [one for one in everybody.values() if one["first"] and one["date_of_birth"]]
    alike = [(one["last"], one["date_of_birth"]) for one in named]
    return [one for one in named if alike.count((one["last"], one["date_of_birth"])) == 1]
