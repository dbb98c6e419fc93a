"""What a feed is built of, and what a change makes anew. Pure."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.public.pieces import ON_A_PAGE, Piece, archives, pieces
from services.store.feed_index import IndexEntry
from tests.public.entries import AT


def index(number: int, incident: str = "storm-1", corrects: int | None = None) -> IndexEntry:
    """An entry, as many minutes after nine as its number says."""
    at = AT + timedelta(minutes=number)
    return IndexEntry("public", number, UUID(int=number), incident, corrects, at, at, f"v{number}", hidden=False)


def built(entries: list[IndexEntry]) -> dict[str, Piece]:
    return dict(pieces("public", entries))


def changed(before: list[IndexEntry], after: list[IndexEntry]) -> set[str]:
    old, new = built(before), built(after)
    return {key for key in old | new if key not in old or key not in new or old[key].signature != new[key].signature}


@given(st.integers(0, 400))
def test_every_entry_is_on_some_page_and_no_page_grows(count: int) -> None:
    """What leaves the current page is reachable by its archives, which are full and stay as they are (RFC 5005)."""
    entries = [index(number) for number in range(1, count + 1)]
    pages = [piece for piece in built(entries).values() if piece.entry is None and piece.incident is None]
    current, archived = pages[0], pages[1:]
    assert current.numbers == list(range(count, max(0, count - ON_A_PAGE), -1))
    assert {number for page in pages for number in page.numbers} == set(range(1, count + 1))
    assert all(len(page.numbers) == ON_A_PAGE for page in archived)
    assert len(archived) == archives(count)
    by_number = {page.page: page for page in archived}
    chain, page = [], current
    while page.older:
        page = by_number[page.older]
        chain.append(page.page)
    assert chain == sorted(by_number, reverse=True)


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 99, 100, 101, 150, 151])
def test_a_new_entry_makes_the_current_pages_anew_and_itself(count: int) -> None:
    """The one before it leads to it now; once in fifty there is an archive more, whose neighbour leads to it."""
    before = [index(number) for number in range(1, count + 1)]
    expected = {"public///", "public/storm-1//", f"public/storm-1/{count + 1}/"}
    expected |= {f"public/storm-1/{count}/"} if count else set()
    if archives(count + 1) > archives(count):
        new = archives(count + 1)
        expected |= {f"public///{new}", f"public/storm-1//{new}"}
        if new > 1:
            expected |= {f"public///{new - 1}", f"public/storm-1//{new - 1}"}
    assert changed(before, [*before, index(count + 1)]) == expected


def test_an_old_entry_that_was_withdrawn_stands_in_the_current_page_and_in_its_archive() -> None:
    """Most readers ask for the current page and nothing else: they must hear what is no longer true."""
    entries = [index(number) for number in range(1, 121)]
    assert 3 not in built(entries)["public///"].numbers
    withdrawn = replace(entries[2], updated_at=entries[-1].published_at + timedelta(minutes=1), version="x")
    after = built([*entries[:2], withdrawn, *entries[3:]])
    assert 3 in after["public///"].numbers and 3 in after["public///1"].numbers
    assert len(after["public///"].numbers) == ON_A_PAGE + 1


def test_a_change_of_one_entry_touches_nothing_of_other_incidents() -> None:
    """An incident's feed is read by those who deal with it: they are not woken by others."""
    before = [index(1, "storm-1"), index(2, "flood-1"), index(3, "storm-1")]
    after = [replace(before[0], version="x"), *before[1:]]
    assert changed(before, after) == {"public///", "public/storm-1//", "public/storm-1/1/"}


def test_an_entry_is_made_anew_with_what_it_corrects_and_what_corrects_it() -> None:
    """Its page quotes them."""
    before = [index(1), index(2, corrects=1), index(3)]
    for touched in (0, 1):
        after = [replace(each, version="x") if number == touched else each for number, each in enumerate(before)]
        assert changed(before, after) >= {"public/storm-1/1/", "public/storm-1/2/"}
        assert "public/storm-1/3/" not in changed(before, after)


def test_what_everyone_reads_is_made_first() -> None:
    """While ten thousand are made anew, the current pages are fresh within moments, and what is old comes last."""
    entries = [index(number, f"storm-{number % 7}") for number in range(1, 300)]
    order = sorted(built(entries).values(), key=lambda piece: piece.weight)
    assert [piece.key for piece in order[:2]] == ["public///", f"public/storm-{299 % 7}//"]
    kinds = ["archive" if piece.page else "entry" if piece.entry else "page" for piece in order]
    assert kinds == ["page"] * 8 + ["entry"] * 299 + ["archive"] * (archives(299))


@given(st.lists(st.tuples(st.integers(1, 130), st.sampled_from("abc"), st.integers(0, 9)), max_size=60), st.data())
def test_what_is_worked_out_from_before_is_what_is_worked_out_anew(rows: list[tuple[int, str, int]], data: Any) -> None:
    """A change among ten thousand is looked at alone; nothing of what it touches is missed."""
    entries = {number: replace(index(number, incident), version=str(version)) for number, incident, version in rows}
    before = pieces("public", entries.values())
    touched = data.draw(st.sets(st.sampled_from(sorted(entries)))) if entries else set()
    incidents = {entries[number].incident for number in touched} | {"new"}
    for number in touched:
        if data.draw(st.booleans()):
            del entries[number]
        else:
            entries[number] = replace(entries[number], version="other")
    entries[999] = index(999, "new", corrects=1)
    assert pieces("public", entries.values(), before=before, changed=incidents) == pieces("public", entries.values())
