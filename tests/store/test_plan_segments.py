"""Who gets which version of an edition: in their language before their province, and nobody who takes no part."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.domain.variants import Variant
from services.runtime.postgres import Connection
from services.store import incidents, plan, variants
from services.store.incidents import Incident
from services.store.plan import PlanFor
from tests.store import world
from tests.store.world import Person

pytestmark = pytest.mark.stack


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    made = await world.connect(database_url)
    yield made
    await made.close()


async def planned(connection: Connection, *, versions: list[tuple[str, str]], **more: object) -> dict[str, str]:
    """By name, `language/segment` of the version that each person gets, of these versions for governors."""
    author = await world.add_user(connection, f"a{len(versions)}@ccvo.example", "author")
    message = await world.submit(connection, author)
    rendered = [Variant("governors", language, segment, "mail", "S", "T", "<p></p>") for language, segment in versions]
    people = PlanFor(
        message=message.number, language="nl", channels=["mail"], people=["governors"], feeds=(),
        audience_order=["governors"], segments=sorted({segment for _, segment in versions if segment}),
    )  # fmt: skip
    async with connection.transaction():
        for table in ("delivery", "batch", "verification", "variant"):
            await connection.execute(f"DELETE FROM {table} WHERE message = %s".encode(), (message.number,))
        await variants.record(connection, message.number, rendered)
        await plan.write(connection, replace(people, **more))  # type: ignore[arg-type]
    rows = await connection.execute(_WHO, (message.number,))
    return {name: f"{language}/{segment}" for name, language, segment in await rows.fetchall()}


async def test_language_comes_before_province_and_the_readers_choice_before_the_file(connection: Connection) -> None:
    """Who cannot read it has nothing of its being near; and who chose a language meant it."""
    places = [(language, place) for language in ("nl", "fr", "en") for place in ("", "Limburg", "Antwerpen")]
    people = [
        Person(f"{each} {at}".strip(), ["governors"], f"{each}{at}@x.example", language=each) for each, at in places
    ]
    await world.add_people(connection, people)
    await connection.execute("UPDATE contact SET province = nullif(split_part(name, ' ', 2), '')")
    versions = [("nl", ""), ("nl", "Limburg"), ("fr", "")]
    assert await planned(connection, versions=versions) == {
        "nl": "nl/", "nl Limburg": "nl/Limburg", "nl Antwerpen": "nl/",
        "fr": "fr/", "fr Limburg": "fr/", "fr Antwerpen": "fr/",
        "en": "nl/", "en Limburg": "nl/Limburg", "en Antwerpen": "nl/",
    }  # fmt: skip
    await connection.execute("UPDATE contact SET chosen_language = 'fr' WHERE name = 'nl Limburg'")
    assert (await planned(connection, versions=[*versions, ("fr", "Limburg")]))["nl Limburg"] == "fr/Limburg"


async def test_an_edition_of_exercises_goes_to_who_takes_part_in_all_that_have_a_list(connection: Connection) -> None:
    """Who does not take part in an exercise must not read of it, in a newsletter either."""
    people = [Person(name, ["governors"], mail=f"{name}@x.example") for name in ("both", "one", "none")]
    await world.add_people(connection, people)
    for slug, who in (("drill-a", ("both", "one")), ("drill-b", ("both",)), ("drill-open", ())):
        await incidents.open_unless_there(connection, Incident(slug, slug, "acute", exercise=True))
        query = "INSERT INTO incident_participant SELECT %s, id FROM contact WHERE name = ANY(%s)"
        await connection.execute(query, (slug, list(who)))
    versions = [("nl", "")]
    assert set(await planned(connection, versions=versions, exercises=["drill-a", "drill-b"])) == {"both"}
    assert len(await planned(connection, versions=[*versions, ("fr", "")], exercises=["drill-open"])) == 3


_WHO = """
SELECT c.name, v.language, v.segment FROM delivery d JOIN contact c ON c.id = d.contact
JOIN variant v ON v.message = d.message AND v.number = d.variant WHERE d.message = %s
"""
