"""The Dutch of a dossier: an auditor need not know what Roeland calls things."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

STATES: Final = {
    "planned": "nog te versturen",
    "deferred": "wordt opnieuw geprobeerd",
    "claimed": "wordt nu verstuurd",
    "superseded": "niet verstuurd: gestopt of rechtgezet",
    "expired": "niet verstuurd: vervallen",
    "suppressed": "geen adres, of verwijderd",
    "unknown": "onbekend: misschien aangekomen",
    "failed": "mislukt",
    "accepted": "aanvaard",
    "bounced": "teruggekomen",
    "delivered": "afgeleverd",
}
MESSAGE_STATES: Final = {
    "submitted": "ingediend",
    "proofed": "wacht op goedkeuring",
    "approved": "goedgekeurd, nog niet vrijgegeven",
    "released": "vrijgegeven",
    "stopped": "gestopt",
    "rejected": "afgekeurd",
    "expired": "vervallen",
    "withdrawn": "ingetrokken",
    "replaced": "vervangen door een nieuwe versie",
}
KINDS: Final = {
    "alert": "waarschuwing", "update": "stand van zaken", "correction": "rechtzetting", "all-clear": "einde alarm",
    "edition": "nieuwsbrief", "notice": "bericht aan gebruikers", "test": "proefbericht",
}  # fmt: skip
ACTS: Final = {
    "approve": "keurde goed",
    "break-glass": "gaf alleen vrij (noodprocedure)",
    "holding": "gaf een vooraf goedgekeurde tekst vrij",
    "standing": "keurde de nieuwsbrief vooraf goed",
    "confirm": "bevestigde achteraf",
    "dispute": "betwistte achteraf",
    "reject": "keurde af",
    "take-back": "nam de goedkeuring terug",
    "withdraw": "trok in",
}
MOMENTS: Final = {
    "submitted_at": "ingediend",
    "proofed_at": "proef klaar",
    "approved_at": "goedgekeurd",
    "released_at": "vrijgegeven",
    "paused_at": "gepauzeerd",
    "stopped_at": "gestopt",
    "withdrawn_at": "ingetrokken",
}
SLOTS: Final = {
    "NAME": "[naam]", "ORGANISATION": "[organisatie]", "MUNICIPALITY": "[gemeente]", "ROLE": "[functie]", "READER": "#",
    "CONFIRM": "[link]",
}  # fmt: skip


def in_full(moment: datetime | None, zone: ZoneInfo) -> str:
    """*maandag 23 november 2026, 16:03:12*, in the centre's time; empty without one."""
    return format_datetime(moment, "EEEE d MMMM y, HH:mm:ss", tzinfo=zone, locale="nl") if moment else ""
