"""The schema's history; `upgrade(url)` brings a database to the newest version."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

HERE = Path(__file__).parent


def config(url: str) -> Config:
    """Alembic's configuration for one database, without an ini file."""
    made = Config()
    made.set_main_option("script_location", str(HERE).replace("%", "%%"))
    made.attributes["url"] = url
    return made


def upgrade(url: str, revision: str = "head") -> None:
    command.upgrade(config(url), revision)


def downgrade(url: str, revision: str = "base") -> None:
    command.downgrade(config(url), revision)


def newest() -> str:
    """The revision a database should be at."""
    head = ScriptDirectory.from_config(config("")).get_current_head()
    if head is None:
        raise RuntimeError("there are no migrations")
    return head


def is_served(held: str | None) -> bool:
    """Whether this version can work on that schema: its own, or a later one, which only adds."""
    return held is not None and held >= newest()


def revisions() -> list[str]:
    """Every version the schema has had, oldest first."""
    script = ScriptDirectory.from_config(config(""))
    return [one.revision for one in script.walk_revisions()][::-1]
