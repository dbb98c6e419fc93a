"""The journal as a file: what is torn, foreign or damaged is never believed, and nothing half made stays."""

import fcntl
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from services.domain.batches import BATCH_SIZE, BatchRef
from services.domain.states import State
from services.fanout import journal_format as form
from services.fanout.book import Book, boot_id
from services.fanout.journal import Journal, NoPage
from services.fanout.journal_format import Author, Unusable, read
from services.fanout.replay import Replay, what_became
from services.store.ledger import Claim, Delivery, Result

AUTHOR = Author("mail", 7, 1_700_000_000_000_000, b"d" * 16, b"b" * 16)
AT = datetime(2026, 11, 23, 15, 0, 0, 123456, tzinfo=UTC)


def claim(count: int = 3, *, number: int = 4, first: int = 101, attempt: int = 2) -> Claim:
    """A claim of so many."""
    deliveries = tuple(
        Delivery(first + n, attempt, 1, 0, n, f"p{n}@crowd.example", f"Persoon {n}", "Gent", "Gent", "burgemeester")
        for n in range(count)
    )
    return Claim(BatchRef(17, number), UUID(int=1), "mail", "urgent", 7, AT, None, deliveries)


@pytest.fixture
def journal(tmp_path):
    """A journal with two slots."""
    made = Journal(tmp_path / "journal", AUTHOR, 2)
    yield made
    made.close()


@pytest.fixture
def content(journal, tmp_path):
    """What another process reads of it at this moment."""
    (path,) = (tmp_path / "journal").iterdir()
    return path.read_bytes


def test_what_was_opened_and_answered_is_read_back_as_it_was(journal, content):
    """Another process settles by it, with the times and the provider's ids that its owner read."""
    held = claim(4)
    page = journal.page(held)
    sid = "SM" + "0123456789abcdef" * 2
    sent = Result(101, 2, State.ACCEPTED, handed_over=True, cleared=True, code=201, provider_id=sid, at=AT)
    refused = Result(102, 2, State.BOUNCED, code=550, reason="5.1.1")
    for delivery, result in zip(held.deliveries, (sent, refused), strict=False):
        page.opened(delivery)
        page.answered(result)
    page.opened(held.deliveries[2])
    found = read(content())
    assert (found.author, found.overflown) == (AUTHOR, False)
    written = found.pages[BatchRef(17, 4)]
    assert [written[n].answer for n in range(101, 105)] == [sent, refused, None, None]
    assert [written[n].opened for n in range(101, 105)] == [True, True, True, False]


def test_a_whole_batch_and_the_largest_numbers_fit(journal, content):
    """A record too small would spoil its neighbour."""
    held = claim(BATCH_SIZE, number=2**31 - 1, first=2**31 - BATCH_SIZE, attempt=2**15 - 1)
    page = journal.page(held)
    results = [
        Result(d.sequence, d.attempt, State.FAILED, code=30008, reason="x" * 24, provider_id="y" * 35, at=AT)
        for d in held.deliveries
    ]
    for result in results:
        page.answered(result)
    assert [written.answer for written in read(content()).pages[held.ref].values()] == results


def test_an_answer_that_was_being_written_at_death_is_not_believed(journal, content):
    """All of it is there but the mark that comes last: it was opened, no more is known."""
    held = claim()
    page = journal.page(held)
    page.opened(held.deliveries[0])
    before = content()
    page.answered(Result(101, 2, State.ACCEPTED, handed_over=True, at=AT))
    torn = bytearray(content())
    at = form.PAGE + content()[form.PAGE :].index(b"\x01") // form.SLOT_BYTES * form.SLOT_BYTES
    mark = next(n for n in range(at, len(torn)) if torn[n] == form.ANSWERED and before[n] == form.OPENED)
    torn[mark] = form.OPENED
    written = read(bytes(torn)).pages[held.ref][101]
    assert (written.opened, written.answer) == (True, None)


def test_a_cleared_page_is_gone_and_its_slot_begins_untouched(journal, content):
    """What the claim before had written must not count for the next one in the same place."""
    for number in (4, 5, 6, 7, 8):
        held = claim(number=number)
        page = journal.page(held)
        assert read(content()).pages.keys() == {held.ref}
        assert {w.opened for w in read(content()).pages[held.ref].values()} == {False}
        for delivery in held.deliveries:
            page.opened(delivery)
            page.answered(Result(delivery.sequence, delivery.attempt, State.ACCEPTED, at=AT))
        page.clear()
    assert read(content()).pages == {}


def test_of_a_batch_that_was_claimed_again_before_its_slot_was_cleared_the_last_attempt_counts(journal, content):
    """Its settlement committed and the answer to that was lost: what is sent now must not pass for not begun."""
    before, again = claim(3, attempt=2), claim(2, attempt=3)
    first, second = journal.page(before), journal.page(again)
    for delivery in before.deliveries:
        first.answered(Result(delivery.sequence, 2, State.PLANNED))
    second.opened(again.deliveries[0])
    for _ in range(2):  # whichever of the two slots comes first in the file
        written = read(content()).pages[again.ref]
        assert [(w.attempt, w.opened, w.answer is None) for _, w in sorted(written.items())] == [
            (3, True, True), (3, False, True), (2, True, False),
        ]  # fmt: skip
        first.clear()
        second.clear()
        second, first = journal.page(again), journal.page(before)
        second.opened(again.deliveries[0])
        for delivery in before.deliveries:
            first.answered(Result(delivery.sequence, 2, State.PLANNED))


def test_a_claim_without_a_slot_makes_the_whole_journal_no_proof(journal, content):
    """Else what was claimed and is not in it would count as never begun."""
    journal.page(claim(number=1))
    journal.page(claim(number=2))
    assert isinstance(journal.page(claim(number=3)), NoPage)
    assert read(content()).overflown


def test_what_is_foreign_damaged_or_cut_short_is_unusable(journal, content):
    """And said so, instead of crashing whoever reads it."""
    journal.page(claim())
    whole = content()
    read(whole)

    def spoilt(at: int, value: int) -> bytes:
        return whole[:at] + bytes([value]) + whole[at + 1 :]

    slot = next(at for at in range(form.PAGE, len(whole), form.SLOT_BYTES) if whole[at])
    for bad in (
        b"", b"#!/bin/sh\n" * 1000, whole[:-1], whole[: form.PAGE], whole + b"\0", spoilt(0, 0), spoilt(8, 2),
        spoilt(20, 99), spoilt(slot + 3, 255), spoilt(slot + form.SLOT_HEAD, 9),
    ):  # fmt: skip
        with pytest.raises(Unusable):
            read(bad)


def test_nobody_else_may_read_it_and_it_names_nobody(journal, tmp_path, content):
    """Numbers and short words; readable by its owner alone."""
    page = journal.page(claim())
    page.answered(Result(101, 2, State.BOUNCED, code=550, reason="5.1.1"))
    (path,) = (tmp_path / "journal").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not [word for word in (b"crowd.example", b"Persoon", b"Gent") if word in content()]


def test_it_is_locked_while_its_owner_lives_and_no_child_keeps_the_lock(journal, tmp_path):
    """A free lock proves death, so a child that was started must not hold it on."""
    (path,) = (tmp_path / "journal").iterdir()
    with path.open("rb") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    look = (
        f"import os; print([fd for fd in range(3, 99) if os.path.exists(f'/proc/self/fd/{{fd}}')"
        f" and os.path.samefile(f'/proc/self/fd/{{fd}}', {str(path)!r})])"
    )
    assert subprocess.check_output([sys.executable, "-c", look], close_fds=False) == b"[]\n"


def test_an_epoch_that_is_over_keeps_its_file_until_its_claims_are_settled(tmp_path):
    """A worker that was ended by a peer, and lives: it may still die before it settled what it had in flight."""
    book = Book(tmp_path, 2)
    book.begin(AUTHOR)
    page = book.page(claim())
    book.begin(replace(AUTHOR, epoch=8))
    assert len(list(tmp_path.iterdir())) == 2
    page.clear()
    (left,) = tmp_path.iterdir()
    assert read(left.read_bytes()).author.epoch == 8
    assert isinstance(book.page(claim()), NoPage)  # a claim of the epoch that is over: in doubt if we die
    assert book.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", ["full", "no folder"])
def test_a_journal_that_cannot_be_made_leaves_nothing_and_stops_nothing(tmp_path, how, caplog):
    """A crisis message matters more. A half-made file would say that nothing was begun."""
    folder = tmp_path / "journal"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if how == "no folder":
        folder.write_text("in the way")
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (form.PAGE, limits[1]))
    try:
        book = Book(folder, 2)
        book.begin(AUTHOR)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert isinstance(book.page(claim()), NoPage)
    assert how == "no folder" or list(folder.iterdir()) == []
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
    assert book.close()


def test_what_is_not_written_is_proof_only_in_a_whole_journal_of_this_boot():
    """The four cases of a delivery that was held at death."""
    (held,) = claim(1).deliveries
    opened = form.Written(2, opened=True, answer=None)
    untouched = form.Written(2, opened=False, answer=None)
    answer = Result(101, 2, State.ACCEPTED, handed_over=True, at=AT)
    earlier = form.Written(1, opened=True, answer=replace(answer, attempt=1))
    for written, proof, state, doubt in (
        (None, True, State.PLANNED, False),
        (None, False, State.DEFERRED, True),
        (untouched, True, State.PLANNED, False),
        (untouched, False, State.DEFERRED, True),
        (opened, True, State.DEFERRED, True),
        (earlier, True, State.PLANNED, False),
        (form.Written(2, opened=True, answer=answer), False, State.ACCEPTED, False),
    ):
        result = what_became(held, written, proof=proof)
        assert (result.state, result.in_doubt, result.attempt) == (state, doubt, 2)


async def test_a_bad_file_that_cannot_be_set_aside_stops_nobody_and_is_told_once(tmp_path):
    """Each look finds it again. A worker that died of it would die of it at every start."""
    (tmp_path / "mail-7-00.journal").write_bytes(b"no journal")
    (tmp_path / "mail-7-00.bad" / "in the way").mkdir(parents=True)
    replay = Replay(None, "/roeland/test", tmp_path, bytes(16))
    with capture_logs() as logs:
        for _ in range(3):
            await replay.look()
    assert [line["event"] for line in logs] == ["journal_set_aside"]


def test_this_boot_has_one_name():
    """Two processes of one boot must agree."""
    assert boot_id() == boot_id()
    assert len(boot_id()) == 16
