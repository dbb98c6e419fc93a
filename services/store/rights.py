"""What the role may do that the services log in as, where it is another than the one that owns the tables.

It may read and add to the audit and nothing else, so that whoever takes over a service cannot rewrite it: the triggers
that guard it are the owner's. Without such a role the triggers guard alone.
"""

import psycopg
from psycopg import sql
from pydantic import Field

from services.runtime.errors import Foreseen
from services.runtime.settings import RoelandSettings


class RightsSettings(RoelandSettings):
    """Who else works in the database."""

    database_role: str | None = Field(
        default=None,
        max_length=63,
        description="The role that the services log in as; `db migrate` grants it what they need.",
    )


def grant(database_url: str, role: str) -> None:
    """Give the role what services need, now and for tables to come; may be run again. Raises `Foreseen`."""
    with psycopg.connect(database_url) as connection:
        _refuse_unfit(connection, role)
        schema, database = connection.execute("SELECT current_schema(), current_database()").fetchone() or ("", "")
        names = {"role": sql.Identifier(role), "schema": sql.Identifier(schema), "database": sql.Identifier(database)}
        for statement in _STATEMENTS:
            connection.execute(sql.SQL(statement).format(**names))


def _refuse_unfit(connection: "psycopg.Connection[tuple[object, ...]]", role: str) -> None:
    """A role that is the owner, or may become it, could change the audit all the same."""
    found = connection.execute(
        "SELECT rolsuper, rolname = current_user OR pg_has_role(rolname, current_user, 'MEMBER') FROM pg_roles"
        " WHERE rolname = %s",
        (role,),
    ).fetchone()
    if found is None:
        raise Foreseen(f"ROELAND_DATABASE_ROLE: there is no role {role!r}: CREATE ROLE it, with LOGIN and a password")
    if any(found):
        raise Foreseen(
            f"ROELAND_DATABASE_ROLE: {role!r} owns the tables, or may act as who does, so that nothing can be kept from"
            " it: name another role, and run `db migrate` alone as the owner"
        )


_STATEMENTS = (
    "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role}",
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE ON SEQUENCES TO {role}",
    "REVOKE ALL ON {schema}.audit, {schema}.audit_chain, {schema}.audit_reason, {schema}.alembic_version FROM {role}",
    "REVOKE ALL ON SEQUENCE {schema}.audit_id_seq FROM {role}",
    "GRANT SELECT, INSERT ON {schema}.audit TO {role}",
    "GRANT SELECT ON {schema}.audit_chain, {schema}.audit_reason, {schema}.alembic_version TO {role}",
)
