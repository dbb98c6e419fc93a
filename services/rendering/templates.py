"""The templates, read once into memory: what is proofed is what is sent, also while someone edits a file.

Jinja is sandboxed and strict: a template cannot reach the program, and what it does not find is an error at once.
Three environments read the same files, one escaping for HTML, one for plain text, so that the shape of a phase is
written once for both, and one for MJML.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

import services
from services.domain.problems import Problem, Refused
from services.rendering.centre import Centre, Logo, RenderingSettings, logo_link, read_logo
from services.rendering.mjml import guard
from services.rendering.words import Words, read_words
from services.runtime.sms_sender import two_way

_SUFFIXES: Final = (".j2", ".yaml")
_FILE_BYTES: Final = 256 * 1024
_PACKAGE: Final = Path(services.__file__).parent


@dataclass(frozen=True)
class Templates:
    """A snapshot of all templates and of how the centre calls itself. `places` says which file each came from."""

    version: str
    """SHA-256, in hex, over every template, word and name that can show in a variant."""
    html: jinja2.Environment
    text: jinja2.Environment
    mjml: jinja2.Environment
    words: Words
    centre: Centre
    logo: Logo | None
    logo_link: str
    timezone: str
    places: Mapping[str, str]


def load_templates(settings: RenderingSettings | None = None) -> Templates:
    """Ours, overridden file by file by those in `ROELAND_TEMPLATES_DIR`. Raises Refused for what cannot be read."""
    settings = settings or RenderingSettings()
    sources: dict[str, str] = {}
    places: dict[str, str] = {}
    for folder in folders(settings):
        for name, path in _files(folder):
            sources[name], places[name] = _read(path), str(path)
    _check_zone(settings.timezone)
    logo = read_logo(settings.centre_logo)
    link = logo_link(settings, logo)
    verify = f"{settings.public_url}/verify" if settings.public_url else ""
    centre = Centre(
        settings.centre_name, settings.centre_short_name, settings.centre_address, logo is not None, verify,
        settings.public_url or "", two_way(),
    )  # fmt: skip
    html, text = (_environment(sources, places, autoescape=escaped) for escaped in (True, False))
    return Templates(
        version=_version(sources, centre, logo, link, settings.timezone),
        html=html,
        text=text,
        mjml=_environment(sources, places, autoescape=True, finalize=guard),
        words=read_words(sources, places, text),
        centre=centre,
        logo=logo,
        logo_link=link,
        timezone=settings.timezone,
        places=places,
    )


def our_folder() -> Path:
    """The templates that come with Roeland: in a wheel beside the code, in a checkout at the top."""
    packaged = _PACKAGE / "_templates"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "templates"


def _check_zone(timezone: str) -> None:
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        what = f"{timezone!r} is not a time zone."
        raise Refused([Problem("ROELAND_TIMEZONE", what, "Write one such as Europe/Brussels.")]) from None


def folders(settings: RenderingSettings) -> Iterable[Path]:
    """Where templates are read, the later over the earlier. Raises Refused for one that is none."""
    yield our_folder()
    if settings.templates_dir is not None:
        if not settings.templates_dir.is_dir():
            what = "ROELAND_TEMPLATES_DIR is not a folder."
            raise Refused([Problem(str(settings.templates_dir), what, "Name an existing folder, or unset it.")])
        yield settings.templates_dir


def _files(folder: Path) -> Iterable[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in _SUFFIXES and path.is_file():
            yield path.relative_to(folder).as_posix(), path


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
        if len(content) > _FILE_BYTES:
            raise Refused([Problem(str(path), f"The file has more than {_FILE_BYTES} bytes.", "Shorten it.")])
        return content.decode()
    except OSError as error:
        raise Refused([Problem(str(path), f"It cannot be read: {error.strerror}.", "Look at its rights.")]) from None
    except UnicodeDecodeError:
        raise Refused([Problem(str(path), "It is not UTF-8.", "Save it as UTF-8.")]) from None


def _environment(
    sources: Mapping[str, str],
    places: Mapping[str, str],
    *,
    autoescape: bool,
    finalize: Callable[[Any], Any] | None = None,
) -> jinja2.Environment:
    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        return (sources[name], places[name], lambda: True) if name in sources else None

    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FunctionLoader(load),
        undefined=jinja2.StrictUndefined,
        autoescape=autoescape,
        finalize=finalize,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    for unwanted in ("safe", "attr", "tojson", "xmlattr", "forceescape", "pprint", "random"):
        environment.filters.pop(unwanted, None)  # what nobody needs, nobody can use to get markup through
    return environment


def _version(sources: Mapping[str, str], *others: Any) -> str:
    digest = hashlib.sha256()
    for part in (*(piece for item in sorted(sources.items()) for piece in item), *map(repr, others)):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()
