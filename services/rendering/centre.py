"""Who speaks: the centre's name, address and logo, and where its templates are, from settings."""

from dataclasses import dataclass
from pathlib import Path

from services.domain.problems import Problem, Refused
from services.runtime.public_url import PublicUrlSettings

LOGO_BYTES = 64 * 1024  # it travels with every mail


class RenderingSettings(PublicUrlSettings):
    """`ROELAND_TEMPLATES_DIR` overrides our templates file by file; the rest is how the centre calls itself."""

    templates_dir: Path | None = None
    centre_name: str = "Crisiscentrum Vlaamse overheid"
    centre_short_name: str = "CCVO"
    centre_address: str = ""
    centre_logo: Path | None = None
    timezone: str = "Europe/Brussels"


@dataclass(frozen=True)
class Logo:
    """A picture that is sent inline with the mail. `subtype` is that of `image/`: png or jpeg."""

    content: bytes
    subtype: str


@dataclass(frozen=True)
class Centre:
    """What templates see as `centre`. `has_logo` says that `cid:logo@roeland` will be there.

    `verify`: the address at which anyone may ask whether a message is genuine; '' where the world has none of us.
    """

    name: str
    short_name: str
    address: str
    has_logo: bool = False
    verify: str = ""


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


def _refused(path: Path, problem: str, remedy: str) -> Refused:
    return Refused([Problem(str(path), problem, remedy)])
