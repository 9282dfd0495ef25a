"""The service in numbers, for Prometheus: what is told is in `catalogue`, and no person in it."""
