"""The peers we are measured beside, each in an environment of its own from a hashed lock."""
