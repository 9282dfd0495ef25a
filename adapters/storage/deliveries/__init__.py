"""What reached us over HTTP: kept once, taken up by a job, played again."""
