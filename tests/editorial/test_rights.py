"""The services as a role that owns nothing: they work, and what they recorded is out of their own reach."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from services.devstack import postgres as devstack
from services.domain.states import State
from services.runtime.errors import Foreseen
from services.store import audit_walk, rights
from services.store.migrate import migrate
from tests import stack
from tests.admin.conftest import in_this_process
from tests.conftest import delete_topics
from tests.editorial.rooms import Rooms, rooms
from tests.stack import Background
from tests.store import world

pytestmark = pytest.mark.stack
ROLE = "roeland_services"
FORBIDDEN = [
    "UPDATE audit SET action = 'x'",
    "DELETE FROM audit",
    "TRUNCATE audit",
    "ALTER TABLE audit DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_append_only ON audit",
    "ALTER TABLE audit OWNER TO roeland_services",
    "INSERT INTO audit_chain VALUES (999, 999, '{}', repeat('0', 64))",
    "UPDATE audit_chain SET hash = repeat('0', 64)",
    "DELETE FROM audit_chain",
    "TRUNCATE audit_chain",
    "UPDATE audit_reason SET text = 'x'",
    "DELETE FROM audit_reason",
    "INSERT INTO audit_reason VALUES (999, 'x', 'y')",
    "SELECT audit_link(audit) FROM audit",
    "CREATE TEMP TABLE forged (LIKE audit);"
    " CREATE TRIGGER f AFTER INSERT ON forged FOR EACH ROW EXECUTE FUNCTION audit_sealed()",
    "CREATE OR REPLACE FUNCTION audit_link(audit) RETURNS void LANGUAGE sql AS $$ SELECT $$",
    "SET session_replication_role = replica",
    "SELECT setval('audit_id_seq', 1)",
    "UPDATE alembic_version SET version_num = '0001'",
]


@pytest.fixture(scope="module")
def server(background: Background) -> Iterator[devstack.Postgres]:
    """A PostgreSQL of which we are the superuser."""
    with stack.folder() as path:
        made = background.run(devstack.start(path / "postgres", durable=False, create_databases=True))
        try:
            yield made
        finally:
            background.run(made.stop())


@pytest.fixture(scope="module")
def limited(
    server: devstack.Postgres, kafka: str, background: Background, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rooms]:
    """A database, and rooms that log in as the second role."""
    folder: Path = tmp_path_factory.mktemp("rights")
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'services'").format(sql.Identifier(ROLE)))
    with rooms(kafka, server.url, folder) as made:
        owner = made.env["ROELAND_DATABASE_URL"]
        for _ in range(2):  # it may be run again
            environment = {**made.env, "ROELAND_DATABASE_ROLE": ROLE}
            ran = in_this_process(["db", "migrate", "--json"], environment)
            assert ran.document == {"applied": [], "granted_to": ROLE}
        place = owner.rpartition("@")[2]
        try:
            yield Rooms({**made.env, "ROELAND_DATABASE_URL": f"postgresql://{ROLE}:services@{place}"}, folder)
        finally:
            background.run(delete_topics(kafka, made.kafka.kafka_topic_prefix))


async def test_a_message_goes_its_whole_way_as_a_role_that_owns_nothing(limited: Rooms) -> None:
    """Submitted, proofed, turned down or released, claimed, settled: each of its steps has the right that it needs."""
    with limited.running("editorial"), limited.running("dispatch"):
        message = await limited.released()
        claimed = await limited.claim(message)
        assert claimed is not None
        await limited.settle(claimed, State.ACCEPTED)
        other = await limited.proofed(again=True)
        assert (await limited.reject(other)).done
        await limited.halt(message, "stop")
    async with await world.connect(limited.env["ROELAND_DATABASE_URL"]) as connection:
        walked = await audit_walk.walk(connection)
        found = await connection.execute("SELECT action, origin FROM audit ORDER BY id")
        acts = await found.fetchall()
    assert (walked.breaks, walked.links) == (0, 4)
    assert [action for action, _ in acts] == [
        "message.submitted", "message.approved", "message.submitted", "message.rejected",
    ]  # fmt: skip
    assert all(origin.startswith("/test via /roeland/editorial@") for _, origin in acts)


def test_people_are_imported_and_the_audit_read_as_that_role(limited: Rooms, tmp_path: Path) -> None:
    """An import makes temporary tables and takes numbers of a sequence."""
    people = tmp_path / "people.csv"
    people.write_text(
        "external_id,name,organisation,role,audience,municipality,province,language,email,mobile\n"
        "x1,Een,,,governors,,,,x1@x.example,\n"
    )
    assert in_this_process(["contacts", "import", str(people), "--json"], limited.env).document["added"] == 1
    assert in_this_process(["audit", "verify", "--json"], limited.env).document["ok"]
    assert in_this_process(["audit", "list", "--json"], limited.env).document[0]["action"] == "contacts.imported"


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_that_role_cannot_change_what_was_recorded(limited: Rooms, statement: str) -> None:
    """Whoever takes over a service can add to the audit, and take nothing from it, nor the guard away."""
    with psycopg.connect(limited.env["ROELAND_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("INSERT INTO audit (action, subject) VALUES ('x', 'y')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_tables_of_a_later_version_are_theirs_too(server: devstack.Postgres, limited: Rooms) -> None:
    """A migration by hand, or by a version that does not know the setting, must not stop the services."""
    place = limited.env["ROELAND_DATABASE_URL"].rpartition("@")[2].rpartition("/")[2]
    with psycopg.connect(f"{server.url.rpartition('/')[0]}/{place}", autocommit=True) as owner:
        owner.execute("CREATE TABLE later (id bigserial, word text)")
    with psycopg.connect(limited.env["ROELAND_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("INSERT INTO later (word) VALUES ('x')")
        connection.execute("UPDATE later SET word = 'y'")


@pytest.mark.parametrize(
    ("role", "told"), [("nobody", "no role"), ("roeland", "owns the tables"), ("postgres", "may act")]
)
def test_a_role_that_is_not_there_or_may_do_anything_is_refused(
    server: devstack.Postgres, role: str, told: str
) -> None:
    """Rights that keep nothing from anybody would only look like a guard."""
    with stack.fresh_database(server.url) as url:
        assert migrate(url) == []
        with pytest.raises(Foreseen, match=told):
            rights.grant(url, role)
