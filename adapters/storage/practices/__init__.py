"""Practices: connected, checked, mapped, scheduled, and left."""
