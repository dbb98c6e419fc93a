"""How messages stand among people, kept by this console and asked again only where something moved.

Every page that is open looks at the same figures. They are read by batch and version (`services.store.by_batch`), at
most once a second for a message, whoever looks; a message of which much moved is read a piece at a time, beside the
pages, and says until then that it is not counted out (decision 0032).
"""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import structlog
from fastapi import Request

from services.console.desk import desk_of
from services.domain.municipalities import municipalities
from services.domain.states import GOOD, OPEN, State
from services.runtime.postgres import Connection, Pool
from services.runtime.seldom import Seldom
from services.store import by_batch, confirmations
from services.store.confirmations import Tallies
from services.store.messages import Message

AT_ONCE: Final = 25
"""Batches in one statement: 5,000 deliveries, some 30 ms."""
FRESH: Final = 1.0
KEPT: Final = 100
"""Messages of which figures are kept; the one that was not looked at for longest goes."""

Standing = Literal["confirmed", "reached", "open", "failed", "no-address", "absent"]
STANDINGS: Final[tuple[Standing, ...]] = ("confirmed", "reached", "open", "failed", "no-address", "absent")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Share:
    """Copies to the people of an audience or a province."""

    name: str
    open: int = 0
    good: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Tile:
    """A municipality: how it stands, of how many contacts, and of these who confirmed or were reached."""

    name: str
    province: str
    standing: Standing
    contacts: int = 0
    reached: int = 0
    confirmed: int = 0

    @property
    def short(self) -> str:
        """What fits in a tile: `Aals`, and of several words the first letter and the next: `S-Nik`."""
        first, _, second = self.name.replace(" ", "-").partition("-")
        return f"{first[0]}-{second[:3]}" if second else first[:4]


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is to show. `complete`: False while some batches are still to be read."""

    complete: bool
    audiences: list[Share]
    provinces: list[Share]
    tiles: list[Tile]


@dataclass
class Book:
    """What is kept of one message."""

    message: int
    confirms: bool
    versions: dict[int, int] = field(default_factory=dict)
    parts: dict[int, list[by_batch.Part]] = field(default_factory=dict)
    local: dict[int, list[by_batch.LocalCopy]] = field(default_factory=dict)
    confirmed: set[int] = field(default_factory=set)
    left: int = 0
    looked: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    tallies: Seldom[Tallies] = field(default_factory=Seldom[Tallies])
    beside: "asyncio.Task[None] | None" = None


class Books:
    """The books of an application, by message and how far it is: what is planned anew before release is another."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._books: OrderedDict[object, Book] = OrderedDict()

    async def figures(self, message: Message) -> Figures:
        """As they are, at most a second old."""
        return _figures(await self._book(message))

    async def copies(self, message: Message, municipality: str) -> dict[int, list[tuple[str, State]]]:
        """Of a municipality: the channel and state of each copy, by contact."""
        book = await self._book(message)
        channels = {part.batch: part.channel for parts in book.parts.values() for part in parts}
        found: dict[int, list[tuple[str, State]]] = {}
        for copies in book.local.values():
            for copy in copies:
                if copy.municipality == municipality:
                    found.setdefault(copy.contact, []).append((channels.get(copy.batch, ""), copy.state))
        return found

    async def tallies(self, message: Message) -> Tallies:
        """Asked and confirmed by audience and province: the whole plan says who is asked, so it is read seldom."""

        async def ask() -> Tallies:
            async with self._pool.connection() as connection:
                return await confirmations.tallies(connection, message.number)

        return await self._kept(message).tallies.get(ask)

    async def _book(self, message: Message) -> Book:
        book = self._kept(message)
        async with book.lock:
            if time.monotonic() - book.looked > FRESH:
                await self._look(book)
        return book

    def _kept(self, message: Message) -> Book:
        key = (message.number, message.proof_hash, message.released_at)
        book = self._books.setdefault(key, Book(message.number, message.confirm_minutes is not None))
        self._books.move_to_end(key)
        while len(self._books) > KEPT:
            self._books.popitem(last=False)
        return book

    async def _look(self, book: Book) -> None:
        """Read what moved; if that is much, the first of it, and the rest beside."""
        async with self._pool.connection() as connection:
            book.versions, moved = await _moved(book, connection)
            await _read(book, connection, moved[:AT_ONCE])
            if book.confirms:
                contacts = {copy.contact for copies in book.local.values() for copy in copies}
                book.confirmed = await by_batch.confirmed(connection, book.message, list(contacts))
        book.left, book.looked = max(0, len(moved) - AT_ONCE), time.monotonic()
        if book.left and (book.beside is None or book.beside.done()):
            book.beside = asyncio.create_task(self._beside(book, moved[AT_ONCE:]))

    async def _beside(self, book: Book, moved: list[int]) -> None:
        try:
            for start in range(0, len(moved), AT_ONCE):
                async with self._pool.connection() as connection:
                    await _read(book, connection, moved[start : start + AT_ONCE])
                book.left = max(0, book.left - AT_ONCE)
        except Exception as problem:  # whoever looks next asks again
            log.warning("not counted", message=book.message, kind=type(problem).__name__)


def books_of(request: Request) -> Books:
    """The books of this request's application."""
    state = request.app.state
    if not hasattr(state, "books"):
        state.books = Books(desk_of(request).pool)
    books: Books = state.books
    return books


async def _moved(book: Book, connection: Connection) -> tuple[dict[int, int], list[int]]:
    known = {number: parts for number, parts in book.versions.items() if number in book.parts}
    now = await by_batch.versions(connection, book.message)
    moved = [number for number, version in now.items() if known.get(number) != version]
    for gone in book.parts.keys() - now.keys():
        del book.parts[gone], book.local[gone]
    return {number: version for number, version in now.items() if number not in set(moved)}, sorted(moved)


async def _read(book: Book, connection: Connection, batches: list[int]) -> None:
    """The versions first: what moves in between is read again next time."""
    if not batches:
        return
    versions = await by_batch.versions(connection, book.message)
    parts = await by_batch.parts(connection, book.message, batches)
    with_local = sorted({part.batch for part in parts if part.audience == by_batch.LOCAL})
    local = await by_batch.local(connection, book.message, with_local) if with_local else []
    for number in batches:
        book.parts[number] = [part for part in parts if part.batch == number]
        book.local[number] = [copy for copy in local if copy.batch == number]
        book.versions[number] = versions.get(number, -1)


def _figures(book: Book) -> Figures:
    parts = [part for each in book.parts.values() for part in each]
    return Figures(
        complete=book.left == 0,
        audiences=_shares([(part.audience, part) for part in parts]),
        provinces=_shares([(part.province, part) for part in parts]),
        tiles=_tiles(book),
    )


def _shares(parts: list[tuple[str, by_batch.Part]]) -> list[Share]:
    counts: dict[str, Counter[str]] = {}
    for name, part in parts:
        word = "open" if part.state in OPEN else "good" if part.state in GOOD else "failed"
        counts.setdefault(name, Counter())[word] += part.contacts
    return [Share(name, found["open"], found["good"], found["failed"]) for name, found in sorted(counts.items())]


def _tiles(book: Book) -> list[Tile]:
    found: dict[str, dict[int, set[State]]] = {}
    for copies in book.local.values():
        for copy in copies:
            found.setdefault(copy.municipality, {}).setdefault(copy.contact, set()).add(copy.state)
    return [_tile(name, province, found.get(name, {}), book.confirmed) for name, province in municipalities().items()]


def _tile(name: str, province: str, contacts: Mapping[int, set[State]], confirmed: set[int]) -> Tile:
    reached = sum(not states.isdisjoint(GOOD) for states in contacts.values())
    known = len(confirmed.intersection(contacts))
    states = set[State]().union(*contacts.values())
    return Tile(name, province, _standing(states, reached=reached, confirmed=known), len(contacts), reached, known)


def _standing(states: set[State], *, reached: int, confirmed: int) -> Standing:
    """Somebody there knows; somebody there got it; it is on its way; it did not arrive; there is no address."""
    if not states:
        return "absent"
    if confirmed:
        return "confirmed"
    if reached:
        return "reached"
    if not states.isdisjoint(OPEN):
        return "open"
    return "no-address" if states == {State.SUPPRESSED} else "failed"
