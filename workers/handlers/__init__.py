"""What each kind of job does, one file per kind."""
