"""Postgres behind the ports: the ledger, the run sheet and what a sync leaves behind."""
