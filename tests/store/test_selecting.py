"""Whom a selection means: the plan, the preview and the newcomers choose the same people, by real PostgreSQL."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.domain.recipient_query import All, Either, Not, both, canonical, either, negated, term
from services.domain.states import State
from services.store import confirmations, groups, newcomers, plan, recipients, selection_names
from services.store.plan import PlanFor
from services.store.recipients import Whom
from services.store.selecting import selected
from tests.store.world import INCIDENT, Person, add_people, add_user, connect, release, submit

pytestmark = pytest.mark.stack

PROVINCES = ("Limburg", "Antwerpen", None)
ROLES = ("Burgemeester", "algemeen  Directeur", "")
TOWNS = ("Aalst", "Genk", None)


async def world(connection):
    """27 contacts who differ in everything, two messages before: each got, delivered and confirmed by some."""
    author = await add_user(connection, "author@ccvo.example", "author")
    people = []
    for number, (province, role, town) in enumerate((p, r, t) for p in PROVINCES for r in ROLES for t in TOWNS):
        # Each third shares the address of the one before.
        mail = f"c{number - (number % 3 == 2)}@x.example"
        person = Person(f"c{number}", ["governors"] if number % 2 else ["governors", "bcm-leads"], mail=mail)
        people.append((person, province, role, town))
    await add_people(connection, [person for person, *_ in people])
    for number, (person, province, role, town) in enumerate(people):
        await connection.execute(
            "UPDATE contact SET province = %s, role = %s, municipality = %s, external_id = %s WHERE id = %s",
            (province, role, town, f"c{number}", person.id),
        )
    before = await submit(connection, author, audiences=["bcm-leads"])
    await release(connection, before, author)
    await connection.execute("UPDATE message SET confirm_minutes = 30 WHERE number = %s", (before.number,))
    await connection.execute(
        "UPDATE delivery SET state = CASE sequence %% 3 WHEN 0 THEN %s WHEN 1 THEN %s ELSE %s END WHERE message = %s",
        (int(State.ACCEPTED), int(State.DELIVERED), int(State.BOUNCED), before.number),
    )
    sure = [person.id for person, *_ in people[:10]]
    await confirmations.record(connection, before.number, sure, how="page")
    await connection.execute("INSERT INTO incident_participant SELECT %s, unnest(%s::bigint[])", (INCIDENT, sure[:3]))
    await groups.write(connection, "limburg", "", "province=Limburg", by=author)
    await groups.write(connection, "both", "", "not group=limburg and role=burgemeester", by=author)
    facts = await _facts(connection, before.number)
    return author, str(before.id), [(p.id, pr, ro, to, facts) for p, pr, ro, to in people], before


async def _facts(connection, message):
    """Of each contact in the plan of this message: the state of its copy, read row by row."""
    rows = await connection.execute(
        """SELECT contact, state FROM delivery WHERE message = %(m)s UNION ALL
           SELECT s.contact, d.state FROM shared_delivery s JOIN delivery d USING (message, sequence)
           WHERE s.message = %(m)s""",
        {"m": message},
    )
    states = dict(await rows.fetchall())
    known = await connection.execute("SELECT contact FROM confirmation WHERE message = %s", (message,))
    listed = await connection.execute("SELECT contact FROM incident_participant")
    leads = await connection.execute("SELECT contact FROM contact_audience WHERE audience = 'bcm-leads'")
    return states, *[{each for (each,) in await rows.fetchall()} for rows in (known, listed, leads)]


def fits(query, person):
    """The same question, asked of one contact in plain Python."""
    contact, province, role, town, (states, confirmed, listed, leads) = person
    match query:
        case Not(of):
            return not fits(of, person)
        case All(of):
            return all(fits(each, person) for each in of)
        case Either(of):
            return any(fits(each, person) for each in of)
    limburg, mayor = province == "Limburg", role == "Burgemeester"
    return {
        "audience": lambda _: contact in leads,
        "province": lambda values: province in values,
        "municipality": lambda values: town in values,
        "role": lambda values: " ".join(role.lower().split()) in values,
        "group": lambda values: ("limburg" in values and limburg) or ("both" in values and mayor and not limburg),
        "participants": lambda _: contact in listed,
        "got": lambda _: states.get(contact) in (State.ACCEPTED, State.DELIVERED),
        "not-confirmed": lambda _: contact in states and contact not in confirmed,
        "contact": lambda values: any(person is each for each in ALL if f"c{each[0] - ALL[0][0]}" in values),
    }[query.word](query.values)


ALL: list = []
IN_PLAN = """SELECT contact FROM delivery WHERE message = %(m)s
    UNION SELECT contact FROM shared_delivery WHERE message = %(m)s"""
ID = "0199d5a0-0000-7000-8000-00000000000a"
terms = st.one_of(
    st.just(term("audience", ["bcm-leads"])),
    st.just(term("province", ["Limburg"])),
    st.just(term("province", ["Limburg", "Antwerpen"])),
    st.just(term("municipality", ["Genk"])),
    st.sampled_from([term("role", ["burgemeester"]), term("role", ["algemeen directeur"])]),
    st.sampled_from([term("group", ["limburg"]), term("group", ["both"])]),
    st.just(term("participants", [INCIDENT])),
    st.just(term("got", [ID])),
    st.just(term("not-confirmed", [ID])),
    st.just(term("contact", ["c3", "c20"])),
)
queries = st.recursive(
    terms,
    lambda inner: st.one_of(
        inner.map(negated),
        st.lists(inner, min_size=2, max_size=3).map(both),
        st.lists(inner, min_size=2, max_size=3).map(either),
    ),
    max_leaves=5,
)


def test_plan_preview_newcomers_and_plain_python_choose_the_same_people(database_url):
    """A preview that says 12 and a plan that has 300 is the error that nobody forgives. Every term, combined."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(connect(database_url))
    author, before, people, _ = loop.run_until_complete(world(connection))
    ALL[:] = people

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(queries)
    def same(query):
        wanted = {person[0] for person in people if fits(query, person)}
        written = canonical(query).replace(ID, before)
        assert loop.run_until_complete(chosen(connection, author, written)) == (wanted,) * 3

    same()
    loop.close()


async def chosen(connection, author, written):
    """Who is in the plan, in the preview, and among the newcomers of a message that nobody got."""
    meant = await selected(connection, written)
    message = await submit(connection, author, audiences=["public-none"], channels=["mail"])
    async with connection.transaction(force_rollback=True):
        await connection.execute("UPDATE variant SET audience = 'governors' WHERE message = %s", (message.number,))
        planned = PlanFor(
            message=message.number, language="nl", channels=["mail"], people=["governors"], feeds=(),
            audience_order=["governors"], selection=meant,
        )  # fmt: skip
        count = await plan.write(connection, planned)
        rows = await connection.execute(IN_PLAN, {"m": message.number})
        in_plan = {each for (each,) in await rows.fetchall()}
        assert count == len(in_plan)
    found = await newcomers.found(connection, message.number, ["governors"], meant)
    whom = Whom(order=["governors"], people=["governors"], selection=meant)
    query = f"{recipients.planned(whom)} SELECT contact FROM planned"
    rows = await connection.execute(query.encode(), recipients.values_of(whom))
    previewed = {each for (each,) in await rows.fetchall()}
    assert len(previewed) == await recipients.count(connection, whom)
    return in_plan, previewed, {each.contact for each in found}


async def test_a_selection_never_narrows_those_who_are_owed_a_correction(database_url):
    """Who read what was wrong must read what is right, whoever else is chosen."""
    connection = await connect(database_url)
    author, _, people, before = await world(connection)
    message = await submit(
        connection, author, audiences=["governors", "bcm-leads"], kind="correction", corrects=before.number
    )
    planned = PlanFor(
        message=message.number, language="nl", channels=["mail"], people=["governors"], feeds=(),
        audience_order=["governors", "bcm-leads"], told=[before.number],
    )  # fmt: skip
    none = replace(planned, selection=await selected(connection, "contact=c1"))
    states, *_ = people[0][4]
    reached = {contact for contact, state in states.items() if state in (State.ACCEPTED, State.DELIVERED)}
    assert people[1][0] not in reached
    async with connection.transaction(force_rollback=True):
        await connection.execute("DELETE FROM batch WHERE message = %s", (message.number,))
        await connection.execute("DELETE FROM shared_delivery WHERE message = %s", (message.number,))
        await connection.execute("DELETE FROM delivery WHERE message = %s", (message.number,))
        await plan.write(connection, none)
        rows = await connection.execute(IN_PLAN, {"m": message.number})
        assert {each for (each,) in await rows.fetchall()} == reached | {people[1][0]}


async def test_the_list_of_an_exercise_wins_over_a_selection(database_url):
    """A drill that is chosen for everyone goes to those who take part."""
    connection = await connect(database_url)
    _, _, people, _ = await world(connection)
    meant = await selected(connection, "not contact=c0")
    whom = Whom(order=["governors"], people=["governors"], exercise_in=INCIDENT, selection=meant)
    query = f"{recipients.planned(whom)} SELECT contact FROM planned"
    rows = await connection.execute(query.encode(), recipients.values_of(whom))
    assert {each for (each,) in await rows.fetchall()} == {people[1][0], people[2][0]}


async def test_what_a_selection_names_and_is_not_there_is_told_with_a_remedy(database_url):
    """Else it means nobody, or everybody, and nobody notices."""
    connection = await connect(database_url)
    _, before, _, _ = await world(connection)
    none = "0199d5a0-0000-7000-8000-00000000000b"
    written = (
        f"group=nobody or got={none} or participants=nowhere or contact=x or got={before} or not-confirmed={before}"
    )
    found = await selection_names.missing(connection, written)
    assert [what for what, _ in found] == [
        "There is no group nobody.", f"No message {none} was released.", "There is no incident nowhere.",
        "There is no contact x.",
    ]  # fmt: skip
    assert all(remedy for _, remedy in found)
    await groups.remove(connection, "limburg")
    assert [what for what, _ in await selection_names.missing(connection, "group=limburg")] == [
        "There is no group limburg."
    ]
    assert (await selected(connection, "group=limburg")).contacts == (
        await selected(connection, "province=Limburg")
    ).contacts


async def test_a_selection_for_many_is_read_as_sets(database_url):
    """No step of the plan is done once for each contact."""
    connection = await connect(database_url)
    _, before, _, _ = await world(connection)
    await connection.execute(
        "INSERT INTO contact (external_id, name, province, role) SELECT 'm' || n, 'x', 'Limburg', 'Burgemeester'"
        " FROM generate_series(1, 20000) n"
    )
    await connection.execute(
        "INSERT INTO contact_audience SELECT 'governors', id FROM contact WHERE external_id LIKE 'm%'"
    )
    await connection.execute("ANALYZE contact; ANALYZE contact_audience")
    meant = await selected(
        connection, f"(province=Limburg or not role=burgemeester) and not got={before} and not group=both"
    )
    whom = Whom(order=["governors"], people=["governors"], selection=meant)
    query = f"EXPLAIN (ANALYZE, FORMAT JSON) {recipients.planned(whom)} SELECT count(*) FROM planned"
    row = await (await connection.execute(query.encode(), recipients.values_of(whom))).fetchone()
    assert max(_loops(row[0][0]["Plan"])) < 1000


def _loops(node):
    yield node["Actual Loops"] if node["Node Type"] not in ("Index Scan", "Index Only Scan", "Memoize") else 1
    for each in node.get("Plans", ()):
        yield from _loops(each)


async def test_who_has_not_confirmed_a_message_of_several_revisions_can_be_chosen(database_url):
    """Each revision is a row with the same id, and one of them was released."""
    connection = await connect(database_url)
    _, before, everyone, message = await world(connection)
    states, confirmed, *_ = everyone[0][4]
    columns = "id, incident, kind, lane, priority, phase, content, content_hash, submitted_by"
    await connection.execute(
        f"INSERT INTO message (revision, exercise, state, {columns})"
        f" SELECT revision + 1, exercise, 'replaced', {columns} FROM message WHERE number = %s", (message.number,),
    )  # fmt: skip
    chosen = await selected(connection, f"not-confirmed={before}")
    rows = await connection.execute(str(chosen.contacts).encode(), dict(chosen.values))
    assert {contact for (contact,) in await rows.fetchall()} == set(states) - confirmed
