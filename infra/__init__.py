"""What a process needs to live: settings, logging, database, Redis, embedded servers."""
