"""The ports made real: vendors, storage, the vendor clock, secrets and queue."""
