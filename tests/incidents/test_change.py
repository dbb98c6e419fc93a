"""What another configuration would do to what there is."""

from typing import Any

import pytest

from services.domain.configuration import DEFAULT, Configuration
from services.incidents.change import difference, effects, version_is_higher
from services.incidents.refusal import Cannot
from services.store import incidents
from services.store.incidents import Incident
from tests.editorial.newsletters import added
from tests.store.world import Person, add_people, add_user, connect, release, submit

pytestmark = pytest.mark.stack


def without(**gone: str) -> Configuration:
    """The default lists without one entry of each list that is named, in the next version."""
    plain: dict[str, Any] = DEFAULT.model_dump() | {"version": 2}
    for name, entry in gone.items():
        plain[name] = [each for each in plain[name] if each["id"] != entry]
    return Configuration.model_validate(plain)


async def told(connection: Any, then: Configuration) -> list[tuple[str, str]]:
    return [(each.severity, each.place) for each in await effects(connection, DEFAULT, then)]


async def test_a_list_that_only_grows_is_in_nobodys_way(database_url: str) -> None:
    """What comes is named; nothing that stands needs it."""
    plain: dict[str, Any] = DEFAULT.model_dump()
    plain["audiences"] += ({"id": "ports", "names": dict.fromkeys(DEFAULT.languages, "havens")},)
    then = Configuration.model_validate(plain | {"version": 2})
    assert difference(DEFAULT, then).added == {"audiences": ["ports"]}
    assert difference(DEFAULT, then).removed == {}
    async with await connect(database_url) as connection:
        await submit(connection, await add_user(connection, "a@ccvo.example", "author"))
        assert await told(connection, then) == []


async def test_an_audience_that_goes_is_missed_by_standing_plans_and_contacts(database_url: str) -> None:
    """A message that waits names it; what is done, or turned down, does not need it any more."""
    async with await connect(database_url) as connection:
        author = await add_user(connection, "a@ccvo.example", "author")
        people = [Person("A", ["governors"], mail="a@x.example"), Person("B", ["governors", "partners"])]
        await add_people(connection, people)
        waiting = await submit(connection, author)
        sending = await submit(connection, author)
        await release(connection, sending, author)
        rejected = await submit(connection, author)
        await connection.execute("UPDATE message SET state = 'rejected' WHERE number = %s", (rejected.number,))
        await submit(connection, author, audiences=["partners"])
        found = await effects(connection, DEFAULT, without(audiences="governors"))
        assert [(each.severity, each.place) for each in found] == [
            ("problem", f"message {waiting.id}"),
            ("problem", f"message {sending.id}"),
            ("problem", "audience governors"),
        ]
        assert "2 contacts are in it, 1 of them in no other" in found[-1].problem
        await connection.execute("UPDATE contact SET removed_at = now() WHERE name = 'A'")
        assert (await told(connection, without(audiences="governors")))[-1] == ("remark", "audience governors")


async def test_a_phase_that_goes_is_missed_by_messages_and_open_incidents(database_url: str) -> None:
    """The next message of such an incident would have no phase."""
    async with await connect(database_url) as connection:
        message = await submit(connection, await add_user(connection, "a@ccvo.example", "author"))
        await incidents.open_new(connection, Incident("done", "X", "acute", exercise=False), None)
        await incidents.move(connection, "done", "closed", reason="", by_user=None)
        found = await told(connection, without(phases="acute"))
        assert found == [("problem", f"message {message.id}"), ("problem", "incident storm-2026-001")]


@pytest.mark.parametrize(("name", "entry"), [("types", "cyber"), ("levels", "federal")])
async def test_a_type_or_level_that_goes_is_missed_by_open_incidents(database_url: str, name: str, entry: str) -> None:
    """It says what to do instead."""
    async with await connect(database_url) as connection:
        new = Incident("c", "C", "acute", exercise=False, type="cyber", level="federal")
        await incidents.open_new(connection, new, None)
        (found,) = await effects(connection, DEFAULT, without(**{name: entry}))
        assert found.place == "incident c"
        assert entry in found.problem
        assert "roeland incident" in found.remedy


def test_another_list_has_a_higher_version() -> None:
    """Else nobody could say afterwards which lists a message was made with."""
    changed = without(phases="evaluation")
    version_is_higher(DEFAULT, changed)
    version_is_higher(DEFAULT, DEFAULT)
    with pytest.raises(Cannot, match="version 1 must rise"):
        version_is_higher(DEFAULT, changed.model_copy(update={"version": 1}))


async def test_a_newsletter_that_names_what_goes_is_in_the_way(database_url: str) -> None:
    """Its next edition could not be made, at 17:00 and not now."""
    async with await connect(database_url) as connection:
        author = await add_user(connection, "a@ccvo.example", "author")
        newsletter = await added(connection, by=author, phases=("acute",))
        place = ("problem", f"newsletter {newsletter.slug}")
        assert await told(connection, without(audiences="governors")) == [place]
        assert await told(connection, without(phases="acute")) == [place]
        assert await told(connection, without(audiences="partners")) == []
