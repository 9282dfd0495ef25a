"""What a migration does to the database."""

from alembic import op


def run(sql: str) -> None:
    """By psycopg's own cursor: several statements at once, and no `:name` or `%` to escape."""
    op.get_bind().connection.cursor().execute(sql.encode())
