"""Ways to bring a practice's appointments into PostgreSQL, each in a process of its own."""
