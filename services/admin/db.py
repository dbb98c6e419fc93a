"""`roeland db …`: the database's tables."""

from services.admin.answers import Answer, lines
from services.admin.command import command, group

app = group("db", "The database's tables.")


@command(app, "migrate", examples=["db migrate"])
def migrate() -> Answer:
    """Bring the database to this version's tables. Needs an empty database that its role owns, or one of Roeland's.

    With ROELAND_DATABASE_ROLE, the role that the services log in as gets the rights that they need, and may only read
    the audit and add to it.
    """
    from services.runtime.postgres import DatabaseSettings
    from services.store.migrate import migrate as bring_to_date
    from services.store.rights import RightsSettings, grant

    url, role = DatabaseSettings().url(), RightsSettings().database_role
    applied = bring_to_date(url)
    told = [f"applied {', '.join(applied)}" if applied else "the tables are up to date"]
    if role:
        grant(url, role)
        told.append(f"{role} has the rights that the services need; of the audit it may change nothing")
    return Answer({"applied": applied, **({"granted_to": role} if role else {})}, lines(*told))
