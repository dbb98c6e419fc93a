"""What became of everybody: the ledger's word and the peers', side by side."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

from services.devstack import maildir
from services.domain.states import OPEN, State
from services.runtime.postgres import Connection
from services.store import messages
from services.store.messages import Message
from services.store.status import status_of
from tests import stack

MUST_BE_THERE = frozenset({State.ACCEPTED, State.DELIVERED})
MUST_NOT_BE_THERE = frozenset({State.SUPERSEDED, State.EXPIRED, State.SUPPRESSED, State.FAILED})
"""Whatever doubts there were: an unsent end after a doubt that no look-up cleared is `unknown`."""
_RECIPIENT = re.compile(rb"^Delivered-To: (\S+)\r$", re.MULTILINE)
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.MULTILINE | re.IGNORECASE)
AFTER_HALT = 1.0
"""Seconds for which what is under way may still arrive after a stop, a pause, a correction, `expires_at` (issue 4)."""
OPEN_WORDS = frozenset(state.word for state in OPEN)


class Broken(AssertionError):
    """The promise does not hold."""


@dataclass(frozen=True)
class Told:
    """A delivery's row: where it went, and what the ledger says of it.

    `address`: of a feed what `feed_of` says; None when there is none, or it was erased.
    """

    sequence: int
    channel: str
    address: str | None
    state: State
    attempt: int
    doubts: int
    again: bool


@dataclass(frozen=True)
class Account:
    """How a message stands. What comes from the peers is there once it was taken whole (`until_done`, `account`)."""

    message: Message
    state: str
    """As people see it: sending, done …"""
    channels: dict[str, dict[str, int]]
    """Contacts by state, per channel, counted from the rows of the ledger."""
    batches: dict[str, int]
    """Contacts by state, all channels together, as the batches count them."""
    possible_duplicates: int
    """As the status shows it."""
    marked_again: int
    """The same, counted from the rows."""
    whole: bool = False
    told: tuple[Told, ...] = ()
    mails: dict[str, list[str]] = field(default_factory=dict)
    """Message-IDs of what the relay has, by address."""
    texts: dict[str, int] = field(default_factory=dict)
    """How many the provider has, by number."""
    feeds: frozenset[str] = frozenset()
    """The feeds that have an entry."""
    arrivals: tuple[float, ...] = ()
    """When (`time.time()`) each mail, text and entry was there, in order."""
    troubles: tuple[str, ...] = ()
    """What the crew did to the services while the message was sent."""

    @property
    def states(self) -> dict[str, int]:
        """Contacts by state, all channels together, counted from the rows of the ledger."""
        found: Counter[str] = Counter()
        for counts in self.channels.values():
            found.update(counts)
        return dict(found)

    @property
    def done(self) -> bool:
        """Whether nobody is left to whom something may still be sent."""
        return not self.open

    @property
    def open(self) -> int:
        """Contacts whose delivery is planned, deferred or claimed."""
        return sum(count for word, count in self.states.items() if word in OPEN_WORDS)

    @cached_property
    def copies(self) -> dict[str, int]:
        """How many the peers have, by address, number or feed."""
        self._must_be_whole()
        mails = {address: len(ids) for address, ids in self.mails.items()}
        return {**mails, **self.texts, **dict.fromkeys(self.feeds, 1)}

    @cached_property
    def second_copies(self) -> int:
        """Mails and texts beyond the first to each address."""
        return sum(count - 1 for count in self.copies.values())

    @cached_property
    def second_texts(self) -> int:
        """Texts beyond the first to each number."""
        return sum(self.texts.values()) - len(self.texts)

    def late(self, halted: datetime, until: datetime | None = None) -> list[float]:
        """Seconds after this moment, of whatever arrived later than a second after it (and before `until`)."""
        self._must_be_whole()
        ends = until.timestamp() if until else float("inf")
        return [at - halted.timestamp() for at in self.arrivals if halted.timestamp() + AFTER_HALT < at < ends]

    @cached_property
    def lost(self) -> list[str]:
        """Deliveries of which ledger and peer say different things, in words."""
        self._must_be_whole()
        found = [disagreement(told, self.copies.get(told.address, 0)) for told in self.told if told.address]
        strangers = set(self.copies) - {told.address for told in self.told}
        return [words for words in found if words] + [f"{address}: at the peer, in no plan" for address in strangers]

    def holds(self, bound: int = 0) -> None:
        """Check the promise; raises `Broken`.

        Everybody is in a recorded state; ledger and peers agree; second copies are at most `bound`, are counted in
        `possible_duplicates`, and carry the same Message-ID. With no bound and nothing done to any service,
        `possible_duplicates` is 0.
        """
        wrong = [*self._recorded(), *self.lost[:10], *self._doubled(bound)]
        if wrong:
            raise Broken("\n".join([*wrong, self.summary()]))

    def summary(self) -> str:
        """One line of figures."""
        return (
            f"state {self.state}, {self.channels}, at the peers {sum(self.copies.values())},"
            f" second copies {self.second_copies} ({self.second_texts} texts),"
            f" possible duplicates {self.possible_duplicates}, disagreements {len(self.lost)},"
            f" after {list(self.troubles)}"
        )

    def _recorded(self) -> Iterable[str]:
        if self.open:
            yield f"{self.open} are still open"
        if self.states != self.batches:
            yield f"the rows say {self.states}, the batches {self.batches}"
        if self.marked_again != self.possible_duplicates:
            yield f"{self.marked_again} rows are marked, the status says {self.possible_duplicates}"

    def _doubled(self, bound: int) -> Iterable[str]:
        if self.second_copies > bound:
            yield f"{self.second_copies} second copies, where {bound} may be"
        if self.second_copies > self.possible_duplicates:
            yield f"{self.second_copies} second copies, and {self.possible_duplicates} counted"
        if bound == 0 and not self.troubles and self.possible_duplicates:
            yield f"{self.possible_duplicates} possible duplicates, and nothing failed"
        if differing := [address for address, ids in self.mails.items() if len(set(ids)) != 1]:
            yield f"{len(differing)} addresses have mails with different Message-IDs"

    def _must_be_whole(self) -> None:
        assert self.whole, (
            "an account taken on the way does not hold the peers' side; use `await crew.account(message)`"
        )


async def taken(connection: Connection, number: int, troubles: Iterable[str] = ()) -> Account:
    """How the message stands in the ledger now: one moment for rows and batches."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        message = await messages.by_number(connection, number)
        assert message is not None
        shown = await status_of(connection, message)
        rows = await (await connection.execute(_BY_STATE, (number,))).fetchall()
    channels: dict[str, dict[str, int]] = {}
    for channel, state, contacts, _ in rows:
        channels.setdefault(channel, {})[State(state).word] = contacts
    batches: Counter[str] = Counter()
    for counts in shown.channels.values():
        batches.update(counts)
    return Account(
        message=message,
        state=shown.state,
        channels=channels,
        batches=dict(batches),
        possible_duplicates=shown.possible_duplicates,
        marked_again=sum(row[3] for row in rows),
        troubles=tuple(troubles),
    )


async def deliveries(connection: Connection, number: int) -> tuple[Told, ...]:
    """Every row of a message."""
    rows = await (await connection.execute(_ROWS, (number,))).fetchall()
    return tuple(
        Told(sequence, channel, feed_of(audience) if channel == "newsfeed" else address, State(state), *rest)
        for sequence, channel, audience, address, state, *rest in rows
    )


def feed_of(audience: str) -> str:
    """What stands for an audience's feed where others have an address."""
    return f"feed {audience}"


async def entries(connection: Connection, number: int) -> dict[str, float]:
    """When this message was put in each feed that has it."""
    rows = await connection.execute("SELECT audience, published_at FROM feed_entry WHERE message = %s", (number,))
    return {feed_of(audience): at.timestamp() for audience, at in await rows.fetchall()}


def mails_of(sink: stack.Sink, message: UUID) -> list[tuple[float, str, str]]:
    """(when, address, Message-ID) of each mail of this message that the sink keeps."""
    found = []
    for path in maildir.kept(sink.maildir):
        with path.open("rb") as file:
            head = file.read(8192).partition(b"\r\n\r\n")[0]
        recipient, mail = _RECIPIENT.search(head), _MESSAGE_ID.search(head)
        assert recipient
        if mail and message.hex.encode() in mail[1]:
            found.append((path.stat().st_mtime, recipient[1].decode(), mail[1].decode()))
    return found


def texts_of(twilio: stack.Twilio, told: tuple[Told, ...], mark: str | None) -> list[tuple[float, str]]:
    """(when, number) of each of the texts of this message. `mark`: what its texts alone say, if anything."""
    numbers = {each.address for each in told if each.channel == "sms"}
    held = twilio.messages()  # before the file is read, which has them first
    written = (json.loads(line) for line in twilio.file.read_bytes().rpartition(b"\n")[0].splitlines())
    created = {text["sid"]: text["created"] for text in written if "created" in text}
    return [
        (datetime.fromisoformat(created[text["sid"]]).timestamp(), text["to"])
        for text in held
        if text["to"] in numbers and (mark or "") in text["body"]
    ]


def disagreement(told: Told, copies: int) -> str | None:
    """How the ledger's word on a delivery contradicts what the peer has of it, in words; None when it does not."""
    what = f"{told.address}: {told.state.word} after {told.attempt} attempts, {told.doubts} doubts; {copies} copies"
    there = told.state in MUST_BE_THERE or (told.state is State.BOUNCED and told.channel == "sms")
    if there and not copies:
        return f"lost: {what}"
    if copies and (told.state in MUST_NOT_BE_THERE or (told.state is State.BOUNCED and not there and not told.doubts)):
        return f"sent against the record: {what}"
    return None


_BY_STATE = """
SELECT b.channel, d.state, sum(d.contacts)::int, count(*) FILTER (WHERE d.again)::int
FROM delivery d JOIN batch b ON b.message = d.message AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
WHERE d.message = %s GROUP BY 1, 2
"""
_ROWS = """
SELECT d.sequence, b.channel, v.audience, a.value, d.state, d.attempt, d.doubts, d.again
FROM delivery d JOIN batch b ON b.message = d.message AND d.sequence BETWEEN b.first_sequence AND b.last_sequence
JOIN variant v ON v.message = d.message AND v.number = d.variant
LEFT JOIN address a ON a.id = d.address WHERE d.message = %s ORDER BY d.sequence
"""
