"""What lint blocks is refused with everything that blocks; what it hints goes with the message."""

import pytest

from tests.editorial.rooms import Rooms

pytestmark = pytest.mark.stack

NATIONAL, ACCOUNT = "93.05.18-223.61", "BE68 5390 0754 7034"


async def test_everything_that_blocks_is_told_at_once(desk: Rooms, incident: str):
    """Of lint and of the hard rules together, so that a message at night is mended once; and nothing is recorded."""
    actions = [{"text": f"Bel 02 000 00 00 over {NATIONAL}."}, {"text": f"Stort op {ACCOUNT}, zie https://localhost"}]
    _, answer = await desk.submit(
        incident=incident, next_update_at=None, actions=actions, expires_at="2026-01-01T00:00:00Z"
    )
    assert not answer.done
    told = {(problem["place"], problem.get("rule", "")) for problem in answer.problems}
    assert told == {
        ("expires_at", ""), ("next_update_at", "next-update-missing"), ("actions[0]", "bad-phone"),
        ("actions[0]", "national-number"), ("actions[1]", "iban"), ("actions[1]", "bad-link"),
    }  # fmt: skip
    assert all(problem["source"] for problem in answer.problems if problem.get("rule"))
    assert not any(secret in str(answer.problems) for secret in (NATIONAL, ACCOUNT))
    assert await desk.one("SELECT count(*) FROM message WHERE incident = %s", incident) == 0


async def test_hints_go_with_the_message(desk: Rooms, incident: str):
    """Its approver sees what its author let stand, with the rule and its source."""
    message_id, answer = await desk.submit(incident=incident, actions=[{"text": "Bel de SPoC op 23 november."}])
    assert answer.done, answer
    recorded = await desk.one("SELECT findings FROM message WHERE id = %s", message_id)
    assert {"jargon", "unknowns-missing"} <= {finding["rule"] for finding in recorded}
    assert all(finding["severity"] == "warning" and finding["source"] for finding in recorded)


async def test_an_all_clear_needs_somebody_who_was_alerted(desk: Rooms, incident: str):
    """Also when it names its audiences; an alert that is only proofed alerted nobody yet."""
    clear = {"incident": incident, "kind": "all-clear", "title": [{"text": "Voorbij"}], "next_update_at": None}
    assert [p["rule"] for p in (await desk.submit(**clear))[1].problems] == ["all-clear-unalerted"]
    alert = await desk.proofed(incident=incident)
    assert [p["rule"] for p in (await desk.submit(**clear))[1].problems] == ["all-clear-unalerted"]
    assert (await desk.approve(alert)).done
    assert (await desk.submit(**clear))[1].done


async def test_an_alert_that_was_stopped_before_anybody_got_it_alerted_nobody(desk: Rooms, incident: str):
    """The end of something that nobody was told would be the first that they hear of it."""
    alert = await desk.released(incident=incident)
    await desk.halt(alert, "stop")
    _, answer = await desk.submit(incident=incident, kind="all-clear", title=[{"text": "Voorbij"}])
    assert [p["rule"] for p in answer.problems] == ["all-clear-unalerted"]


async def test_a_question_that_was_left_open_is_asked_about(desk: Rooms, incident: str):
    """Only what these audiences were told last counts."""
    await desk.released(incident=incident, unknown=[{"text": "Wij weten nog niet wanneer de haven opent."}])
    silent = {"incident": incident, "kind": "update", "title": [{"text": "Vervolg"}], "audiences": ["governors"]}
    _, answer = await desk.submit(**silent, key_messages=[{"text": [{"text": "De burgemeesters zijn verwittigd."}]}])
    (found,) = [finding for finding in answer.result["findings"] if finding["rule"] == "question-open"]
    assert "wanneer de haven opent" in found["problem"]
    _, answer = await desk.submit(**silent, key_messages=[{"text": [{"text": "De haven opent om 14 uur."}]}])
    assert "question-open" not in {finding["rule"] for finding in answer.result["findings"]}
    others = silent | {"audiences": ["partners"]}
    _, answer = await desk.submit(**others)
    assert "question-open" not in {finding["rule"] for finding in answer.result["findings"]}
