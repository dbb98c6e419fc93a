"""An edition of a newsletter is an ordinary message: taken up, proofed, approved, released, and never with an error."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.domain.commands import (
    Answer,
    ApproveNewsletter,
    RevokeNewsletter,
    TakeBackMessage,
    WithdrawMessage,
    WriteEditorial,
)
from services.runtime.postgres import connect
from services.store.newsletters import NewsletterRow
from tests.editorial.newsletters import TODAY, Letters, letters, made
from tests.editorial.rooms import AUTHOR, MANAGER, SECOND, Rooms

pytestmark = pytest.mark.stack

TOMORROW = TODAY + timedelta(days=1)


async def approved(desk: Rooms, newsletter: NewsletterRow, user: int = SECOND) -> Answer:
    """Give the newsletter a standing approval."""
    return await desk.ask(ApproveNewsletter(newsletter=newsletter.id, hash=newsletter.hash), user)


async def editorial(news: Letters, text: str | None, *, user: int = AUTHOR, replaces: int = 0) -> Answer:
    """Write above today's edition, or take out what stands there."""
    content: dict[str, Any] | None = {"text": [{"text": text, "language": "nl"}]} if text else None
    body = WriteEditorial(newsletter=news.newsletter.id, date=TODAY, content=content, replaces=replaces)
    return await news.desk.ask(body, user)


async def texts(desk: Rooms, message_id: UUID) -> str:
    """The text part of every version of its latest revision."""
    rows = await desk.rows(
        "SELECT v.text FROM variant v WHERE v.message = (SELECT max(number) FROM message WHERE id = %s)", message_id
    )
    return "\n".join(text for (text,) in rows)


async def until(desk: Rooms, message_id: UUID, state: str, *, revision: int = 1) -> None:
    """Wait until this revision is in this state."""
    query = "SELECT count(*) FROM message WHERE id = %s AND revision = %s AND state = %s"
    await desk.until(query, message_id, revision, state)


async def its_hour_comes(desk: Rooms, message_id: UUID) -> None:
    """Nobody waits for five o'clock: an approved edition is due now."""
    async with connect(desk.database) as connection:
        query = "UPDATE message SET release_at = now() WHERE id = %s AND state = 'approved' RETURNING number::text"
        row = await (await connection.execute(query, (message_id,))).fetchone()
        assert row
        await connection.execute("UPDATE timer SET due = now() WHERE kind = 'release' AND subject = %s", row)


async def test_an_edition_is_proofed_approved_and_released_like_every_message(desk: Rooms, incident: str) -> None:
    """Nothing about it is special to the ledger, so nothing that holds for messages is lost for it."""
    await desk.released(incident=incident)
    news = await letters(desk, incident, by=MANAGER)
    edition = await news.edition()
    assert edition.message_id
    assert await desk.recipients(edition.message_id) == {"g1", "g2", "g3", "b1", "b2", "b3"}
    refused = await desk.approve(edition.message_id, MANAGER)
    assert "does not approve" in (refused.error or "")
    assert (await desk.approve(edition.message_id)).done
    row = await desk.rows("SELECT kind, lane, priority, state FROM message WHERE id = %s", edition.message_id)
    assert row == [("edition", "routine", 4, "released")]


async def test_what_no_event_told_of_is_taken_up_once(desk: Rooms, incident: str) -> None:
    """Kafka may lose everything, and a process may die between the edition's row and the event."""
    await desk.released(incident=incident)
    news = await letters(desk, incident)
    async with connect(desk.database, autocommit=True) as connection:
        row = await made(connection, news.newsletter)
        await connection.execute("DELETE FROM outbox")  # perhaps: published or not, it is one message
    await desk.until("SELECT count(*) = 1 FROM message WHERE id = %s AND state = 'proofed'", row.message_id)
    await desk.produce(
        b'{"specversion":"1.0","id":"again","source":"/x","type":"roeland.edition.made.v1","time":"2026-11-26T00:00:00Z",'
        b'"datacontenttype":"application/json","data":{"newsletter":%d,"date":"%s","message_id":"%s"}}'
        % (news.newsletter.id, row.date.isoformat().encode(), str(row.message_id).encode())
    )
    await desk.produce(b"nonsense")
    await desk.buried("not a CloudEvents")
    assert await desk.one("SELECT count(*) FROM message WHERE id = %s", row.message_id) == 1


async def test_a_standing_approval_lets_editions_go_out_by_themselves(desk: Rooms, incident: str) -> None:
    """Nobody need be awake for what is made of released messages alone; and the record says who let it."""
    await desk.released(incident=incident)
    news = await letters(desk, incident)
    assert (await approved(desk, news.newsletter)).done
    edition = await news.edition()
    assert edition.message_id
    await until(desk, edition.message_id, "released")
    acts = await desk.rows(
        "SELECT a.act, a.user_id FROM approval a JOIN message m ON m.number = a.message WHERE m.id = %s",
        edition.message_id,
    )
    assert acts == [("standing", SECOND)]


async def test_a_standing_approval_is_given_by_another_and_bound_to_the_definition(desk: Rooms, incident: str) -> None:
    """Else whoever writes what a newsletter is could let it say anything to everybody, alone."""
    news = await letters(desk, incident, by=MANAGER)
    assert "who wrote" in ((await approved(desk, news.newsletter, MANAGER)).error or "")
    body = ApproveNewsletter(newsletter=news.newsletter.id, hash="0" * 64)
    assert "not what was looked at" in ((await desk.ask(body, SECOND)).error or "")
    assert "no role" in ((await approved(desk, news.newsletter, AUTHOR)).error or "")
    assert not (await desk.ask(RevokeNewsletter(newsletter=news.newsletter.id), SECOND)).done


async def test_what_was_revoked_while_an_edition_waits_for_its_hour_holds_it(desk: Rooms, incident: str) -> None:
    """Whoever revokes at five to five does not want it to go out at five."""
    await desk.released(incident=incident)
    news = await letters(desk, incident)
    await approved(desk, news.newsletter)
    edition = await news.edition(due=timedelta(hours=1))
    assert edition.message_id
    await until(desk, edition.message_id, "approved")
    assert (await desk.ask(RevokeNewsletter(newsletter=news.newsletter.id), SECOND)).done
    await its_hour_comes(desk, edition.message_id)
    await until(desk, edition.message_id, "proofed")


async def test_what_somebody_took_back_does_not_go_out_by_itself(desk: Rooms, incident: str) -> None:
    """A person said no; a rule does not say yes again over their head."""
    await desk.released(incident=incident)
    news = await letters(desk, incident)
    await approved(desk, news.newsletter)
    edition = await news.edition(due=timedelta(hours=1))
    assert edition.message_id
    await until(desk, edition.message_id, "approved")
    assert (await desk.ask(TakeBackMessage(message_id=edition.message_id), SECOND)).done
    assert (await editorial(news, "Een woord vooraf.")).done
    assert (await editorial(news, None, replaces=1)).done
    await until(desk, edition.message_id, "proofed", revision=3)


async def test_an_edition_with_an_editorial_needs_a_person_who_wrote_none_of_it(desk: Rooms, incident: str) -> None:
    """A standing approval is for what was approved before; nobody read this yet."""
    await desk.released(incident=incident)
    news = await letters(desk, incident)
    await approved(desk, news.newsletter)
    assert (await editorial(news, "Het crisisteam komt vandaag samen.", user=MANAGER)).done
    edition = await news.edition()
    assert edition.message_id
    assert await desk.state(edition.message_id) == "proofed"
    assert "Het crisisteam komt vandaag samen." in await texts(desk, edition.message_id)
    assert "does not approve" in ((await desk.approve(edition.message_id, MANAGER)).error or "")
    assert (await desk.approve(edition.message_id, SECOND)).done


async def test_an_editorial_written_after_the_edition_makes_it_anew(desk: Rooms, incident: str) -> None:
    """The cell writes when the edition is there to be looked at; what was approved was without these words."""
    await desk.released(incident=incident)
    news = await letters(desk, incident)
    await approved(desk, news.newsletter)
    edition = await news.edition(due=timedelta(hours=1))
    assert edition.message_id
    await until(desk, edition.message_id, "approved")
    answer = await editorial(news, "Een woord vooraf.")
    assert answer.done, answer
    await until(desk, edition.message_id, "proofed", revision=2)
    assert "Een woord vooraf." in await texts(desk, edition.message_id)
    assert (await editorial(news, None, replaces=1)).done
    await until(desk, edition.message_id, "approved", revision=3)
    assert "Een woord vooraf." not in await texts(desk, edition.message_id)


async def test_of_two_editorials_at_once_the_second_hears_of_the_first(desk: Rooms, incident: str) -> None:
    """Nobody's words are lost without a word."""
    news = await letters(desk, incident)
    assert (await editorial(news, "De eerste.")).done
    refused = await editorial(news, "De tweede.", user=MANAGER)
    assert "author@example.org wrote version 1" in (refused.error or "")
    assert (await editorial(news, "De tweede.", user=MANAGER, replaces=1)).done


async def test_an_editorial_is_linted_and_refused_once_the_edition_went_out(desk: Rooms, incident: str) -> None:
    """Its words go to as many people as those of a message, and past the same judgement."""
    await desk.released(incident=incident)
    news = await letters(desk, incident)
    refused = await editorial(news, "Kijk op http://localhost/x voor meer.")
    assert [each["rule"] for each in refused.problems] == ["bad-link"], refused
    await approved(desk, news.newsletter)
    edition = await news.edition()
    assert edition.message_id
    await until(desk, edition.message_id, "released")
    assert "released" in ((await editorial(news, "Te laat.")).error or "")


async def test_what_was_withdrawn_since_the_proof_does_not_go_out(desk: Rooms, incident: str) -> None:
    """Nobody is told what is known to be wrong, however late that is known; the rest goes out all the same."""
    await desk.released(incident=incident, title=[{"text": "Eerste bericht"}])
    await desk.released(incident=incident, kind="update", title=[{"text": "Fout bericht"}])
    news = await letters(desk, incident)
    await approved(desk, news.newsletter)
    edition = await news.edition(due=timedelta(hours=1))
    assert edition.message_id
    await until(desk, edition.message_id, "approved")
    assert "Fout bericht" in await texts(desk, edition.message_id)
    last = await desk.one("SELECT id FROM message WHERE incident = %s AND kind = 'update'", incident)
    assert (await desk.ask(WithdrawMessage(message_id=last, reason="fout"), SECOND)).done
    await its_hour_comes(desk, edition.message_id)
    await until(desk, edition.message_id, "released", revision=2)
    said = await texts(desk, edition.message_id)
    assert "Fout bericht" not in said
    assert "Eerste bericht" in said


async def test_an_edition_under_way_is_held_when_what_it_tells_is_put_right(desk: Rooms, incident: str) -> None:
    """Who did not get it yet would read what is known to be wrong; a person decides whether it goes on."""
    error = await desk.released(incident=incident, title=[{"text": "Sluit de ramen"}])
    edition = (await (await letters(desk, incident)).edition()).message_id
    assert edition
    assert (await desk.approve(edition)).done
    await desk.released(incident=incident, title=[{"text": "Nog een bericht"}])
    assert not await desk.one("SELECT paused_at FROM message WHERE id = %s AND state = 'released'", edition)
    await desk.released(incident=incident, kind="correction", corrects=str(error), title=[{"text": "Open de ramen"}])
    assert await desk.one("SELECT paused_at FROM message WHERE id = %s AND state = 'released'", edition)


async def test_a_person_who_approves_what_was_put_right_since_looks_again(desk: Rooms, incident: str) -> None:
    """Their approval was for other words than would go out."""
    error = await desk.released(incident=incident, title=[{"text": "Sluit de ramen"}])
    news = await letters(desk, incident)
    edition = await news.edition()
    assert edition.message_id
    await desk.released(incident=incident, kind="correction", corrects=str(error), title=[{"text": "Open de ramen"}])
    refused = await desk.approve(edition.message_id)
    assert not refused.done
    assert "changed since its proof" in (refused.error or "")
    await until(desk, edition.message_id, "proofed", revision=2)
    assert "Open de ramen" in await texts(desk, edition.message_id)
    assert (await desk.approve(edition.message_id)).done


async def test_an_edition_that_nobody_approves_in_time_ends_and_its_content_is_in_the_next(
    desk: Rooms, incident: str
) -> None:
    """Yesterday's news as today's is worse than none; nothing of it is lost, and the record says why."""
    await desk.released(incident=incident)
    news = await letters(desk, incident)
    edition = await news.edition(due=timedelta(minutes=-180, seconds=1))
    assert edition.message_id
    await until(desk, edition.message_id, "expired")
    assert "expired" in ((await desk.approve(edition.message_id)).error or "")
    reason = await desk.one("SELECT reason FROM edition WHERE message_id = %s", edition.message_id)
    assert reason == "not approved in time"
    told = "SELECT count(*) FROM message WHERE kind = 'notice' AND content->>'about' = %s"
    await desk.until(told, f"newsletter:{news.newsletter.id}")
    again = await news.edition(TOMORROW)
    assert again.content
    assert len(again.content["items"]) == 1
    third = await news.edition(TOMORROW + timedelta(days=1))
    assert third.decision == "nothing-new"


async def test_an_edition_for_an_audience_with_nobody_is_done_at_once(desk: Rooms, incident: str) -> None:
    """A newsletter that nobody reads yet holds up nothing, and does not pile up what it told nobody."""
    await desk.released(incident=incident, audiences=["partners", "governors"])
    news = await letters(desk, incident, audiences=("partners",))
    await approved(desk, news.newsletter)
    edition = await news.edition()
    assert edition.message_id
    await until(desk, edition.message_id, "released")
    assert await desk.one("SELECT recipients FROM message WHERE id = %s", edition.message_id) == 0
    assert (await news.edition(TOMORROW)).decision == "nothing-new"


async def test_who_unsubscribed_gets_no_edition_and_every_message(desk: Rooms, incident: str) -> None:
    """Unsubscribing from a newsletter never cuts anyone off from what is urgent."""
    news = await letters(desk, incident)
    values = (news.newsletter.id, "g1")
    async with connect(desk.database) as connection:
        await connection.execute(
            "INSERT INTO unsubscription (newsletter, contact, how) SELECT %s, id, 'page' FROM contact"
            " WHERE external_id = %s",
            values,
        )
    message = await desk.released(incident=incident)
    edition = await news.edition()
    assert edition.message_id
    assert "g1" in await desk.recipients(message)
    assert await desk.recipients(edition.message_id) == {"g2", "g3", "b1", "b2", "b3"}


async def test_a_newsletter_is_no_incident_to_write_messages_in(desk: Rooms, incident: str) -> None:
    """Its series holds editions and nothing else: a message there would belong to no incident."""
    news = await letters(desk, incident)
    _, answer = await desk.submit(incident=news.newsletter.incident)
    assert not answer.done
    assert "newsletter" in str(answer.problems)


async def test_a_quiet_day_is_told_in_two_lines_where_the_newsletter_says_so(desk: Rooms, incident: str) -> None:
    """Who hears nothing wonders whether the newsletter broke."""
    news = await letters(desk, incident, quiet_day="say-so")
    edition = await news.edition()
    assert edition.content
    assert edition.message_id
    assert edition.content["items"] == []
    assert len(await desk.recipients(edition.message_id)) == 6


async def test_an_editorial_alone_makes_an_edition(desk: Rooms, incident: str) -> None:
    """The cell has something to say on a day on which nothing was released."""
    news = await letters(desk, incident)
    assert (await editorial(news, "Morgen oefenen wij.")).done
    edition = await news.edition()
    assert edition.message_id
    assert "Morgen oefenen wij." in await texts(desk, edition.message_id)


async def test_what_goes_out_by_itself_is_as_new_as_it_can_be(desk: Rooms, incident: str) -> None:
    """Half an hour lies between the making and the hour, and nobody looked at it who would have to look again."""
    await desk.released(incident=incident, title=[{"text": "Eerste bericht"}])
    news = await letters(desk, incident)
    await approved(desk, news.newsletter)
    edition = await news.edition(due=timedelta(hours=1))
    assert edition.message_id
    await until(desk, edition.message_id, "approved")
    async with connect(desk.database) as connection:
        query = "UPDATE message SET submitted_at = submitted_at - interval '2 minutes' WHERE id = %s"
        await connection.execute(query, (edition.message_id,))
    await desk.released(incident=incident, kind="update", title=[{"text": "Tweede bericht"}])
    await its_hour_comes(desk, edition.message_id)
    await until(desk, edition.message_id, "released", revision=2)
    assert "Tweede bericht" in await texts(desk, edition.message_id)
