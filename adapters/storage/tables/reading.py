"""How much of patients each person has read: counts, and no patient."""

from sqlalchemy import Column, Date, ForeignKey, Table, Text

from adapters.storage.tables.columns import INSTANT, count_column, metadata

patient_reading = Table(
    "patient_reading",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("span", Text, primary_key=True),
    Column("since", INSTANT, primary_key=True),
    count_column("rows"),
)

sheet_days_read = Table(
    "sheet_days_read",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("read_on", Date, primary_key=True),
    Column("sheet_day", Date, primary_key=True),
    Column("part", Text, primary_key=True),
    count_column("rows"),
)
