"""One delivery as a mail: the variant compiled once, the person's values spliced in."""

from collections import OrderedDict
from typing import Final
from uuid import UUID

from services.domain.variants import slots_for
from services.fanout.carrier import Job
from services.mail.envelope import mailbox
from services.mail.readers import Readers
from services.mail.settings import ENVELOPE, Sender
from services.rendering.centre import Logo
from services.rendering.mime import CompiledMail, Listing, compile_mail
from services.runtime.reader_links import UNSUBSCRIBE
from services.store.ledger import Delivery

READER: Final = "READER"
CONFIRM: Final = "CONFIRM"
REMEMBERED: Final = 64
"""Compiled variants kept; one takes about as much memory as a mail."""


class Composer:
    """Makes mails, and remembers the variants that it compiled lately."""

    def __init__(self, sender: Sender, logo: Logo | None = None, readers: Readers | None = None) -> None:
        self._sender, self._logo, self._readers = sender, logo, readers
        self._compiled: OrderedDict[tuple[int, int], CompiledMail] = OrderedDict()

    @property
    def sender(self) -> str:
        """The envelope's sender."""
        return self._sender.address

    def compose(self, job: Job, delivery: Delivery, address: str) -> tuple[str, bytes]:
        """Envelope address and mail for this person; a second copy is the same bytes, Message-ID included.

        Raises ValueError for an address that cannot be sent to, LookupError when the variant or a slot is missing, or
        for an edition without readers' links.
        """
        if not ENVELOPE.fullmatch(address):
            address = mailbox(address)
        compiled, listed = self._variant(job, delivery.variant), job.mailing_list is not None
        reader = self._reader(job, delivery) if listed or READER in compiled.slots else ""
        content = compiled.splice(
            to_name=delivery.name,
            to_address=address,
            message_id=self._name(job.claim.message_id, delivery.sequence),
            answers=[self._name(*each) for each in job.threads.get(delivery.sequence, ())],
            slots=slots_for(
                name=delivery.name,
                organisation=delivery.organisation,
                municipality=delivery.municipality,
                role=delivery.role,
                reader=reader,
                confirm=self._confirm(job, delivery) if CONFIRM in compiled.slots else "",
            ),
            unsubscribe=f"{reader}/{UNSUBSCRIBE}" if listed else "",
        )
        return address, content

    def _reader(self, job: Job, delivery: Delivery) -> str:
        """Where the link leads; that of a test mail, which is on no list, leads to nobody's page."""
        if self._readers is None:
            if job.mailing_list is None:
                return ""
            raise LookupError("no address for readers' links")
        if job.mailing_list is None:
            return self._readers.nobody
        return self._readers.link(job.claim.ref.message, delivery.sequence)

    def _confirm(self, job: Job, delivery: Delivery) -> str:
        """Where they say that they know; '' where that leads nowhere any more, for the mail itself must not wait."""
        return self._readers.confirm(job.claim.ref.message, delivery.sequence) if self._readers else ""

    def _name(self, message: UUID, sequence: int) -> str:
        """The Message-ID, without angle brackets, of a message's mail with this sequence."""
        return f"{message.hex}.{sequence}@{self._sender.domain}"

    def _variant(self, job: Job, number: int) -> CompiledMail:
        key = (job.claim.ref.message, number)
        if key in self._compiled:
            self._compiled.move_to_end(key)
            return self._compiled[key]
        variant = job.variants[number]
        compiled = compile_mail(
            variant,
            sender=self._sender.header,
            date=job.claim.released_at,
            urgent=job.claim.lane == "urgent",
            logo=self._logo,
            listing=self._listing(job, variant.language),
        )
        self._compiled[key] = compiled
        if len(self._compiled) > REMEMBERED:
            self._compiled.popitem(last=False)
        return compiled

    def _listing(self, job: Job, language: str) -> Listing | None:
        """None for what is no edition: nobody can unsubscribe from that."""
        if job.mailing_list is None:
            return None
        return Listing(
            job.mailing_list.titles.in_language(language), f"{job.mailing_list.list_id}.{self._sender.domain}"
        )
