"""`pms-sync doctor`: whether everything that has to hold does, one line each."""

from console.doctor.command import app

__all__ = ["app"]
