"""The ticker: writes due jobs, announces ready ones, sweeps what was dropped."""
