"""What patients owe and what insurance says of it; companies are joined through the patient.

Where the document names a list but not its fields, the fewest that make sense are made up.
"""

from datetime import timedelta
from typing import Any

from simulators.chance import chance
from simulators.records import Patient
from simulators.sikka import shapes
from simulators.sikka.copies import Copy
from simulators.sikka.listing import Table, Values
from simulators.sikka.offices import number_of

Json = dict[str, Any]
COMPANIES = ("Harborview Dental", "Northgate Mutual", "Plains Benefit", "Quillstone Health",
             "Redfern Assurance")  # fmt: skip


def _companies(copy: Copy, values: Values) -> list[Json]:
    return [
        {"insurance_company_id": str(number), "practice_id": copy.location.id, "name": name,
         "plan_name": f"{name} PPO"}
        for number, name in enumerate(COMPANIES, start=1)
    ]  # fmt: skip


def _coverage(copy: Copy, values: Values) -> list[Json]:
    """There is nothing of a patient in it."""
    kinds = (("Preventive", "100"), ("Basic", "80"), ("Major", "50"))
    return [
        {**each, "category": kind, "coverage_percentage": share, "deductible": "50.00",
         "annual_maximum": "1500.00"}
        for each in _companies(copy, values)
        for kind, share in kinds
    ]  # fmt: skip


def _insured(copy: Copy, values: Values) -> list[Patient]:
    return [each for each in copy.patients.values() if shapes.company_of(each.id)]


def _subscriber(copy: Copy, row: Patient) -> Json:
    since = copy.location.clinic.created_at(row.id) - timedelta(days=200)
    return {
        "patient_id": row.id,
        "practice_id": copy.location.id,
        "subscriber_id": number_of("subscriber", row.id, digits=7),
        "insurance_company_id": shapes.company_of(row.id),
        "insurance_effective_date": shapes.midnight(since),
    }


def _balance(copy: Copy, row: Patient) -> Json:
    rng = chance("balance", row.id)
    owed, due = rng.choice((0, 0, 35, 120)), rng.choice((0, 0, 80))
    ages = ("less_than_30", "between_30_60", "between_60_90", "greater_than_90")
    return {
        "patient_id": row.id,
        "firstname": row.first or "",
        "lastname": row.last,
        "practice_id": copy.location.id,
        "current_date": shapes.midnight(copy.taken_at.astimezone(copy.location.clinic.zone)),
        "customer_id": copy.location.cust_id,
        "chart_number": row.id,
        **{f"patient_amount_{age}": f"{owed if age == ages[0] else 0}.00" for age in ages},
        **{f"insurance_amount_{age}": f"{due if age == ages[0] else 0}.00" for age in ages},
        "patient_balance": f"{owed + due}.00",
        "unapplied": "0.00",
        "insurance_due": f"{due}.00",
        "patient_due": f"{owed}.00",
        "account_balance": f"{owed + due}.00",
        "write_off": "0.00",
    }


def _plain(copy: Copy, row: Json) -> Json:
    return row


MONEY = {
    "insurance_companies": Table(
        rows=_companies, render=_plain, filters=("practice_id", "insurance_company_id")
    ),
    "insurance_plan_coverage": Table(
        rows=_coverage, render=_plain, filters=("practice_id", "insurance_company_id")
    ),
    "subscribers": Table(
        rows=_insured,
        render=_subscriber,
        order=lambda row: int(row.id),
        filters=("practice_id", "patient_id", "subscriber_id"),
    ),
    "patient_balance": Table(
        rows=lambda copy, values: copy.patients.values(),
        render=_balance,
        order=lambda row: int(row.id),
        filters=("patient_id", "practice_id", "customer_id"),
    ),
}
