"""Under which domain of ours the entries get their ids for life (RFC 4151)."""

from email.utils import parseaddr
from urllib.parse import urlsplit

from services.runtime.public_url import PublicUrlSettings
from services.store.feeds import NOBODYS


class NewsfeedSettings(PublicUrlSettings):
    """What the world knows us by. An entry keeps the id that it got, whatever is set later."""

    mail_from: str | None = None

    def authority(self) -> str:
        """The host of the public address, else the domain that mails come from, else one that nobody ever owns."""
        host = urlsplit(self.public_url).hostname if self.public_url else None
        domain = parseaddr(self.mail_from or "")[1].partition("@")[2]
        return (host or domain or NOBODYS).lower()
