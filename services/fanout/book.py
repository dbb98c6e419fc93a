"""The journals of one worker: that of its epoch, and those of former epochs in which claims are still in hand."""

import os
from pathlib import Path

import structlog
from prometheus_client import Gauge

from services.fanout.journal import Journal, NoPage, Page
from services.fanout.journal_format import Author
from services.store.ledger import Claim

JOURNAL = Gauge("roeland_journal", "1 while this worker keeps its journal; 0: a crash leaves all it holds in doubt")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

log = structlog.get_logger(__name__)


class Book:
    """Where claims get their pages."""

    def __init__(self, folder: Path, slots: int) -> None:
        self._folder, self._slots = folder, slots
        self._journals: dict[int, Journal] = {}

    def begin(self, author: Author) -> None:
        """A new epoch: its journal, or a word that there is none. A crisis message matters more than a journal."""
        self.close()
        try:
            self._journals[author.epoch] = Journal(self._folder, author, self._slots)
        except OSError as problem:
            log.error("journal_off", epoch=author.epoch, why=os.strerror(problem.errno or 0))
        JOURNAL.set(author.epoch in self._journals)

    def page(self, claim: Claim) -> Page:
        """Where to write about this claim."""
        journal = self._journals.get(claim.epoch)
        return NoPage() if journal is None or journal.closed else journal.page(claim)

    def close(self) -> bool:
        """The epochs so far are over. False when one still has claims in it: then its file stays."""
        for journal in self._journals.values():
            journal.close()
        self._journals = {epoch: journal for epoch, journal in self._journals.items() if not journal.closed}
        return not self._journals


def boot_id() -> bytes:
    """16 bytes of this boot of this machine; random where the machine does not tell, so that nothing is believed."""
    try:
        return bytes.fromhex(BOOT_ID.read_text().strip().replace("-", ""))
    except (OSError, ValueError):
        return os.urandom(16)
