"""`roeland db …`: the database's tables."""

from services.admin.answers import Answer, lines
from services.admin.command import command, group

app = group("db", "The database's tables.")


@command(app, "migrate", examples=["db migrate"])
def migrate() -> Answer:
    """Bring the database to this version's tables. Needs an empty database that its role owns, or one of Roeland's."""
    from services.runtime.postgres import DatabaseSettings
    from services.store.migrate import migrate as bring_to_date

    applied = bring_to_date(DatabaseSettings().url())
    told = f"applied {', '.join(applied)}" if applied else "the tables are up to date"
    return Answer({"applied": applied}, lines(told))
