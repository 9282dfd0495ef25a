"""The processes that claim jobs and run their handlers."""
