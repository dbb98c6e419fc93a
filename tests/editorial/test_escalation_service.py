"""The same through the services: what submission records, what a release foresees, and who is told in the end."""

import pytest

from services.domain.states import State
from tests.editorial.rooms import MANAGER, Rooms

pytestmark = pytest.mark.stack


async def test_an_sms_alone_reaches_who_has_no_number_and_in_the_end_somebody_is_called(
    desk: Rooms, incident: str
) -> None:
    """Editorial renders and foresees, dispatch adds, editorial escalates; the plan and its proof had no mail."""
    asked = {"channels": ["sms"], "audiences": ["governors"], "confirm": True, "urgency": "urgent",
             "sms": [{"text": "Blijf binnen. Antwoord OK."}]}  # fmt: skip
    message = await desk.proofed(incident=incident, **asked)
    number = await desk.number(message)
    versions = await desk.rows("SELECT channel, segment FROM variant WHERE message = %s ORDER BY 1", number)
    assert versions == [("mail", "+fallback"), ("sms", "")]
    assert await desk.rows("SELECT DISTINCT channel FROM batch WHERE message = %s", number) == [("sms",)]
    assert (await desk.approve(message)).done
    await desk.until("SELECT count(*) = 3 FROM addition WHERE message = %s AND origin = 'fallback'", number)
    await desk.until(
        "SELECT bool_and(announced_at IS NOT NULL) FROM batch WHERE message = %s AND channel = 'mail'", number
    )
    assert await desk.one("SELECT recipients FROM message WHERE number = %s", number) == 3
    steps = await desk.rows(
        "SELECT split_part(t.subject, '/', 3), extract(epoch FROM t.due - m.released_at)::int / 60 FROM timer t"
        " JOIN message m ON m.number = %s WHERE t.kind = 'escalate' AND starts_with(t.subject, %s) ORDER BY t.due",
        number, f"{number}/",
    )  # fmt: skip
    assert steps == [("second-channel", 15), ("deputy", 25), ("telephone", 35)]
    await desk.halt(message, "pause")
    await desk.rows(_NOW, f"{number}/")
    await desk.until("SELECT count(*) = 3 FROM timer WHERE starts_with(subject, %s) AND due > now()", f"{number}/")
    await desk.halt(message, "resume")
    await desk.rows(_NOW, f"{number}/")
    await desk.until("SELECT count(*) = 3 FROM escalation WHERE message = %s", number)
    assert await desk.one("SELECT count(*) FROM call WHERE message = %s", number) == 3
    about = "SELECT number FROM message WHERE kind = 'notice' AND content->>'about' = %s"
    await desk.until(f"SELECT EXISTS ({about})", str(message))
    told = await desk.rows(
        "SELECT DISTINCT c.user_id, v.channel, v.text LIKE %s FROM delivery d JOIN contact c ON c.id = d.contact"
        f" JOIN variant v ON v.message = d.message AND v.number = d.variant WHERE d.message = ({about}) ORDER BY 2",
        f"%roeland message calls {message}%", str(message),
    )  # fmt: skip
    assert told == [(MANAGER, "mail", True), (MANAGER, "sms", True)]


async def test_a_correction_follows_to_where_the_error_fell_back(desk: Rooms, incident: str) -> None:
    """They read the error in a mail that nobody planned: there they read what is right, and on no other way."""
    message = await desk.released(incident=incident, channels=["sms"], audiences=["governors"], urgency="urgent")
    await desk.until("SELECT count(*) = 3 FROM addition WHERE message = %s", await desk.number(message))
    claimed = await desk.claim(message)
    assert claimed
    await desk.settle(claimed, State.ACCEPTED)
    right = await desk.proofed(
        incident=incident, kind="correction", corrects=str(message), channels=["sms"], audiences=[],
        wrong=[{"text": "De titel."}], urgency="urgent",
    )  # fmt: skip
    copies = await desk.rows(
        "SELECT c.external_id, v.channel, v.segment FROM delivery d JOIN contact c ON c.id = d.contact"
        " JOIN variant v ON v.message = d.message AND v.number = d.variant WHERE d.message = %s ORDER BY 1, 2",
        await desk.number(right),
    )  # fmt: skip
    assert copies == [("g1", "mail", ""), ("g2", "mail", ""), ("g3", "mail", "")]


_NOW = """
UPDATE timer SET due = now() WHERE kind = 'escalate' AND starts_with(subject, %s) AND fired_at IS NULL RETURNING 1
"""
