"""A crisis told through the API alone, by programs with keys, on the real parts: submitted, approved, followed, put
right, ended; each request twice, as a program sends it that lost the answer."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.console.watching import Reading
from tests.domain.messages import TOMORROW
from tests.end_to_end.running import APPROVER, AUTHOR, Roeland, message, people

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(300)]
PEOPLE = 5
EACH = {"mail": PEOPLE, "sms": PEOPLE}


class Program:
    """Somebody's program, with a key of theirs."""

    def __init__(self, roeland: Roeland, user: str, *scopes: str) -> None:
        chosen = [word for scope in scopes for word in ("--scope", scope)]
        self.token = roeland.run("keys", "add", "program", *chosen, as_=user)["token"]
        self.url = f"{roeland.description()['console_url']}/api/v1"
        self.client = httpx.Client(headers={"Authorization": f"Bearer {self.token}"}, timeout=60)

    def post(self, path: str, body: dict[str, Any] | None = None, *, key: str = "") -> dict[str, Any]:
        """Done once and asked twice: the second hears what the first did."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        first, again = (self.client.post(f"{self.url}{path}", json=body, headers=headers) for _ in range(2))
        assert first.is_success, first.text
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        assert again.headers["Idempotency-Replayed"] == "true"
        found: dict[str, Any] = first.json()
        return found

    def get(self, path: str) -> dict[str, Any]:
        """What is there."""
        answer = self.client.get(f"{self.url}{path}")
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def watch(self, path: str, **headers: str) -> Reading:
        """A stream of events, from the beginning or from where it broke off."""
        made = Reading(f"{self.url}{path}", {"Authorization": f"Bearer {self.token}", **headers})
        assert made.opened.wait(10)
        assert made.status == 200
        return made


@pytest.fixture(scope="module")
def author(roeland: Roeland) -> Iterator[Program]:
    """One who writes, of a centre with a few people to tell."""
    contacts = roeland.data / "people.csv"
    contacts.write_text(people(PEOPLE), encoding="utf-8")
    roeland.run("contacts", "import", str(contacts))
    yield Program(roeland, AUTHOR, "see", "submit")


@pytest.fixture(scope="module")
def approver(roeland: Roeland) -> Program:
    """One who approves."""
    return Program(roeland, APPROVER, "see", "approve")


def handed_in(author: Program, **fields: Any) -> tuple[str, Reading]:
    """A message that waits for approval, and the stream by which its author follows it."""
    made = author.post("/messages", message("cyber-api", channels=["mail", "sms"], **fields))
    assert (made["state"], made["recipients"]) == ("proofed", PEOPLE)
    reading = author.watch(f"/live/messages/{made['id']}")
    assert reading.next("state").facts["state"] == "proofed"
    return str(made["id"]), reading


def approved(author: Program, approver: Program, id_: str) -> None:
    """By somebody else, who looked at this very proof."""
    proof = approver.get(f"/messages/{id_}/proof")["proof"]
    refused = author.client.post(f"{author.url}/messages/{id_}/approve", json={"proof": proof})
    assert refused.status_code == 403, "its author's key has no such scope"
    approver.post(f"/messages/{id_}/approve", {"proof": proof})


def told(author: Program, approver: Program, **fields: Any) -> tuple[str, Reading]:
    """A message that goes to everybody."""
    id_, reading = handed_in(author, **fields)
    approved(author, approver, id_)
    return id_, reading


def finished(reading: Reading) -> dict[str, Any]:
    """How it stands once nobody waits."""
    found: dict[str, Any] = reading.next("progress", seconds=30, open=0).facts
    return {name: each["reached"] for name, each in found["channels"].items()}


def test_a_crisis_from_submission_to_all_clear(roeland: Roeland, author: Program, approver: Program) -> None:
    """What an outbreak system or a help desk does: nothing is sent twice, however often it asks."""
    alert, reading = told(author, approver)
    assert finished(reading) == EACH
    status = author.get(f"/messages/{alert}")
    assert (status["state"], status["recipients"], status["possible_duplicates"]) == ("done", PEOPLE, 0)
    correction, put_right = told(
        author, approver, kind="correction", corrects=alert, audiences=None,
        wrong=["De lonen komen niet in november."], next_update_at=TOMORROW,
    )  # fmt: skip
    assert finished(put_right) == EACH
    clear, ended = told(author, approver, kind="all-clear", audiences=None, next_update_at=None, unknown=None)
    assert finished(ended) == EACH
    assert [each["id"] for each in author.get("/messages?limit=3")["items"]] == [clear, correction, alert]
    assert author.get("/board")["running"] == []
    assert len(roeland.mails()) == len(roeland.texts()) == 3 * PEOPLE


def test_a_stream_that_broke_off_goes_on_where_it_was(author: Program, approver: Program) -> None:
    """A program that lost its connection in the middle reads what it missed, and nothing that it had."""
    id_, reading = handed_in(author, title="Nog iets", key_messages=[{"text": "Er is nog iets."}])
    last = reading.next("trouble").id
    reading.close()
    approved(author, approver, id_)
    again = author.watch(f"/live/messages/{id_}", **{"Last-Event-ID": last})
    came = []
    while not came or came[-1].event != "progress" or came[-1].facts["open"]:
        came.append(again.events.get(timeout=30))
    assert "trouble" not in {each.event for each in came}, "that was as it is"


def test_another_request_with_the_same_key_is_refused(author: Program) -> None:
    """A key that is used for two things would have one of them forgotten without a word."""
    key = str(uuid4())
    author.post("/messages/lint", message("cyber-api"), key=key)
    other = author.client.post(
        f"{author.url}/messages/lint", json=message("elsewhere"), headers={"Idempotency-Key": key}
    )
    assert other.status_code == 422
