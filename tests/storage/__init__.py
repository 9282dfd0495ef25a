"""What is written to Postgres keeps its promises, proved on the real database."""
