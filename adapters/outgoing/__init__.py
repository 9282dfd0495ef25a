"""Webhooks that we send."""
