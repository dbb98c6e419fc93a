"""What happens to text from outside before anything else looks at it, and what can be counted in it.

Text from a file or an event ends up in headers, HTML, SMS and feeds. Made harmless once, here, it needs no
escaping rules of its own further on: no control characters, no line breaks in a line, none of our slot marks.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

import smsutil

PRIVATE_USE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")

# Everything at which some parser breaks a line (str.splitlines, RFC 5322, SMTP), and all other controls.
# The last group overrides the direction of writing: it can make a title read as something else.
_BREAKERS: Final = "\x7f-\x9f\u2028\u2029\ufffe\uffff\u202a-\u202e\u2066-\u2069"
_CONTROLS: Final = re.compile(f"[\x00-\x1f{_BREAKERS}]+")
_CONTROLS_BUT_NEWLINE: Final = re.compile(f"[\x00-\x09\x0b-\x1f{_BREAKERS}]+")
_SPACES: Final = re.compile(r"[ \t]+")


def one_line(text: str) -> str:
    """The same text on one line: control characters and line breaks become a space, private use goes."""
    if text.isprintable() and "  " not in text and unicodedata.is_normalized("NFC", text):
        return text.strip(" ")  # what most names are: nothing of all that is in it, and this is done for every mail
    return " ".join(_CONTROLS.sub(" ", _whole(text)).split())


def few_lines(text: str) -> str:
    """The same text with its line breaks as `\\n`; for SMS, where an author may want them."""
    text = _CONTROLS_BUT_NEWLINE.sub(" ", _whole(text).replace("\r\n", "\n").replace("\r", "\n"))
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def sentences(text: str) -> list[str]:
    """Cut after `.`, `!`, `?`, `:` or `;` that a space follows; good enough to count words in."""
    return [part for part in re.split(r"(?<=[.!?:;])\s+", text) if part]


@dataclass(frozen=True)
class SmsSize:
    """What an SMS takes: GSM-7 has 160 (or 153 per segment) characters, UCS-2 70 (or 67); 3GPP TS 23.038."""

    encoding: Literal["GSM-7", "UCS-2"]
    segments: int
    characters: int


def measure(text: str) -> SmsSize:
    """Encoding, number of segments and characters of an SMS."""
    if not text:  # of which smsutil says UCS-2
        return SmsSize("GSM-7", 1, 0)
    parts = smsutil.split(text)
    return SmsSize("GSM-7" if parts.encoding == "gsm0338" else "UCS-2", max(1, len(parts.parts)), len(text))


def outside_gsm(text: str) -> dict[str, str]:
    """The characters that make an SMS UCS-2, each with what could stand in its place ('' when nothing can)."""
    return {char: _nearest_gsm(char) for char in sorted(set(text)) if not smsutil.is_valid_gsm(char)}


def gsm_typography(text: str) -> str:
    """Curly quotes, dashes and special spaces as GSM-7 has them. Letters stay as they are: a name is a name."""
    return text.translate(_TYPOGRAPHY)


_TYPOGRAPHY: Final = str.maketrans(
    {
        "’": "'", "‘": "'", "‚": "'", "′": "'", "`": "'", "´": "'",
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"',
        "–": "-", "—": "-", "‑": "-", "‐": "-", "−": "-", "•": "-", "·": "-",
        "…": "...", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "",
    }
)  # fmt: skip


def _nearest_gsm(char: str) -> str:
    plain = gsm_typography(char)
    if plain == char:
        plain = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    return plain if smsutil.is_valid_gsm(plain) else ""


def _whole(text: str) -> str:
    # JSON writes an emoji as two \u escapes, which YAML reads as two halves; a lone half is no character at all.
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return PRIVATE_USE.sub("", unicodedata.normalize("NFC", text))
