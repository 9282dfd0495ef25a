"""Accounts, who may sign in to them, and what they agreed to."""
