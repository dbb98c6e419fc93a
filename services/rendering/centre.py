"""Who speaks: the centre's name, address and logo, and where its templates are, from settings."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.domain.problems import Problem, Refused
from services.runtime.errors import Foreseen
from services.runtime.public_url import PublicUrlSettings

LOGO_BYTES = 64 * 1024  # it travels with every mail


class RenderingSettings(PublicUrlSettings):
    """`ROELAND_TEMPLATES_DIR` overrides our templates file by file; the rest is how the centre calls itself.

    `newsletter_images`: whether a newsletter carries the logo in itself, or links to where `public` serves it.
    """

    templates_dir: Path | None = None
    centre_name: str = "Crisiscentrum Vlaamse overheid"
    centre_short_name: str = "CCVO"
    centre_address: str = ""
    centre_logo: Path | None = None
    newsletter_images: Literal["inline", "linked"] = "inline"
    timezone: str = "Europe/Brussels"


def zone_in_force() -> ZoneInfo:
    """The centre's time zone. Raises `Foreseen` for one that there is not."""
    name = RenderingSettings().timezone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Foreseen(f"ROELAND_TIMEZONE: {name!r} is not a time zone: write one such as Europe/Brussels") from None


@dataclass(frozen=True)
class Logo:
    """A picture that is sent inline with the mail. `subtype` is that of `image/`: png or jpeg."""

    content: bytes
    subtype: str

    @property
    def data(self) -> str:
        """The picture itself, as an address (RFC 2397), for pages that load nothing."""
        return f"data:image/{self.subtype};base64,{base64.b64encode(self.content).decode()}"

    @property
    def path(self) -> str:
        """Where `public` serves it, below its root; another picture has another path, so it may be kept for ever."""
        return f"images/logo-{hashlib.sha256(self.content).hexdigest()[:16]}.{self.subtype}"


@dataclass(frozen=True)
class Centre:
    """What templates see as `centre`. `has_logo` says that `cid:logo@roeland` will be there.

    `verify`: the address at which anyone may ask whether a message is genuine; '' where the world has none of us.
    `site`: that of `public` itself, likewise. `answers`: whether an SMS of ours can be answered by SMS.
    """

    name: str
    short_name: str
    address: str
    has_logo: bool = False
    verify: str = ""
    site: str = ""
    answers: bool = False


def read_logo(path: Path | None) -> Logo | None:
    """The picture that `ROELAND_CENTRE_LOGO` names. Raises Refused when it is none, or too large to send along."""
    if path is None:
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refused(path, f"The logo cannot be read: {error.strerror}.", "Mend ROELAND_CENTRE_LOGO.") from None
    subtype = "png" if content.startswith(b"\x89PNG\r\n\x1a\n") else "jpeg" if content[:3] == b"\xff\xd8\xff" else ""
    if not subtype:
        raise _refused(path, "The logo is not a PNG or JPEG picture.", "Save it as one.")
    if len(content) > LOGO_BYTES:
        raise _refused(path, f"The logo has {len(content)} bytes, more than {LOGO_BYTES}.", "Save it smaller.")
    return Logo(content, subtype)


def logo_link(settings: RenderingSettings, logo: Logo | None) -> str:
    """The address of a logo that newsletters link to; '' where they carry it, or where there is none.

    Raises Refused where it would lead nowhere.
    """
    if logo is None or settings.newsletter_images == "inline":
        return ""
    if settings.public_url is None:
        what = "Newsletters should link to their images, and ROELAND_PUBLIC_URL is not set."
        raise Refused([Problem("ROELAND_NEWSLETTER_IMAGES", what, "Set it, or let them carry their images: inline.")])
    return f"{settings.public_url}/{logo.path}"


def _refused(path: Path, problem: str, remedy: str) -> Refused:
    return Refused([Problem(str(path), problem, remedy)])
