"""What a relay's answer means: a table, not branches.

RFC 5321 §4.2 (codes), RFC 3463 (enhanced codes), RFC 4954 (530, 535 and the like).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
from functools import lru_cache
from typing import Final


class Stage(IntEnum):
    """How far a mail has come, when the relay answers or the connection is lost. BODY: the mail itself was sent."""

    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    BODY = auto()


class Verdict(Enum):
    """What an answer means for the delivery."""

    GO_ON = auto()
    ACCEPTED = auto()
    TRY_LATER = auto()
    NOT_NOW = auto()  # the relay takes nothing of ours for the moment; nothing is said about the mail
    CLOSING = auto()  # the relay goes away; nothing is said about the mail
    BOUNCED = auto()  # this address takes no mail
    FAILED = auto()  # this mail is not taken
    REFUSES_US = auto()  # nothing of ours is taken: somebody must mend the set-up, and no delivery is to blame
    OUT_OF_STEP = auto()  # no answer to what was asked; the connection is of no use any more


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer that decided. `enhanced` is '' when the relay gives none. `verdict`: what it means."""

    stage: Stage
    code: int
    enhanced: str = ""
    verdict: Verdict = field(init=False)

    def __post_init__(self) -> None:
        """Judge once; an answer is looked at more than once."""
        object.__setattr__(self, "verdict", verdict(self.stage, self.code, self.enhanced))

    @property
    def reason(self) -> str:
        """Why in a word or two, without anything that the relay wrote itself."""
        detail = self.enhanced.partition(".")[2]
        word = WORDS.get(detail) or WORDS.get(detail.partition(".")[0]) or f"refused-at-{self.stage.name.lower()}"
        return f"{self.enhanced} {word}".strip()


REPLIES: Final[Mapping[tuple[Stage, int], Verdict]] = {
    (Stage.MAIL, 500): Verdict.OUT_OF_STEP,  # it read no command of ours: rather a line of a mail that it had refused
    (Stage.MAIL, 552): Verdict.FAILED,  # RFC 1870 §6.1: larger than the relay takes
    (Stage.MAIL, 503): Verdict.OUT_OF_STEP,
    (Stage.RCPT, 500): Verdict.OUT_OF_STEP,
    (Stage.RCPT, 503): Verdict.OUT_OF_STEP,
    (Stage.RCPT, 530): Verdict.REFUSES_US,  # RFC 4954 §6: authentication required
    (Stage.RCPT, 552): Verdict.TRY_LATER,  # RFC 5321 §4.5.3.1.10: "too many recipients"
    (Stage.DATA, 354): Verdict.GO_ON,
    (Stage.DATA, 500): Verdict.OUT_OF_STEP,
    (Stage.DATA, 503): Verdict.OUT_OF_STEP,
    (Stage.DATA, 530): Verdict.REFUSES_US,
}
ENHANCED: Final[Mapping[tuple[Stage, str], Verdict]] = {
    (Stage.MAIL, "5.3.4"): Verdict.FAILED,  # message too big for system
    (Stage.MAIL, "5.2.3"): Verdict.FAILED,  # message length exceeds administrative limit
}
FIRST_DIGIT: Final[Mapping[tuple[Stage, int], Verdict]] = {
    (Stage.MAIL, 2): Verdict.GO_ON,
    (Stage.MAIL, 4): Verdict.NOT_NOW,  # too many, or no room: no recipient was named
    (Stage.MAIL, 5): Verdict.REFUSES_US,  # MAIL holds our address and nothing of the recipient
    (Stage.RCPT, 2): Verdict.GO_ON,
    (Stage.RCPT, 4): Verdict.TRY_LATER,
    (Stage.RCPT, 5): Verdict.BOUNCED,
    (Stage.DATA, 4): Verdict.TRY_LATER,
    (Stage.DATA, 5): Verdict.FAILED,
    (Stage.BODY, 2): Verdict.ACCEPTED,
    (Stage.BODY, 4): Verdict.TRY_LATER,
    (Stage.BODY, 5): Verdict.FAILED,
}
WORDS: Final[Mapping[str, str]] = {  # RFC 3463 §3: subject, or subject and detail
    "1.1": "no-such-mailbox",
    "1.2": "no-such-domain",
    "1.6": "mailbox-moved",
    "1": "address",
    "2.1": "mailbox-disabled",
    "2.2": "mailbox-full",
    "2.3": "too-large",
    "2": "mailbox",
    "3.4": "too-large",
    "3": "relay",
    "4": "network",
    "5": "protocol",
    "6": "content",
    "7": "policy",
}

_REPLY: Final = re.compile(r"[2-5]\d\d(?=[ \r]|$)", re.ASCII)  # RFC 5321 §4.2
_ENHANCED_CODE: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")


def verdict(stage: Stage, code: int, enhanced: str = "") -> Verdict:
    """What this answer means. Codes that no table has count by their first digit (RFC 5321 §4.2.1)."""
    if code == 421:
        return Verdict.CLOSING
    known = REPLIES.get((stage, code)) or ENHANCED.get((stage, enhanced))
    return known or FIRST_DIGIT.get((stage, code // 100), Verdict.OUT_OF_STEP)


HEAD: Final = len("250 5.123.123 ") + 1
"""So much of a line is what an answer is known by."""


@lru_cache(maxsize=1024)
def read_reply(stage: Stage, head: bytes) -> Reply | None:
    """The answer in a reply's line, of which `head` is the beginning (HEAD bytes); None for what is no reply.

    Remembered: relays say the same few things a hundred thousand times.
    """
    line = head.decode("ascii", "replace")
    if not _REPLY.match(line):
        return None
    code = int(line[:3])
    return Reply(stage, code, enhanced_code(code, line[4:]))


def enhanced_code(code: int, text: str) -> str:
    """The enhanced code at the start of a reply's text; '' for none, or one that contradicts the code (RFC 2034 §4)."""
    found = _ENHANCED_CODE.match(text)
    return found[0] if found and found[0][0] == str(code)[0] else ""
