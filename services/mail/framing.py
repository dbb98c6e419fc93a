"""What a relay says, cut into replies (RFC 5321 §4.2.1): lines that may come in parts, replies of several lines."""

from typing import Final

from services.mail.replies import HEAD

LONGEST_LINE: Final = 8192
"""Bytes of a reply's line; RFC 5321 §4.5.3.1.5 has 512."""


class Framing:
    """Of one connection. No text of a relay is kept beyond the head of its reply."""

    def __init__(self) -> None:
        self._rest = b""  # of a line that has not come whole
        self._first = b""  # line of a reply that has more than one

    @property
    def overlong(self) -> bool:
        """Whether a line goes on for longer than any may."""
        return len(self._rest) > LONGEST_LINE

    def cut(self, data: bytes) -> list[bytes]:
        """The head of each reply that is whole now, HEAD bytes: its code, and how its text begins."""
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        heads = []
        for line in lines:
            if line[3:4] == b"-":
                self._first = self._first or line
            elif self._first:  # the last line has the code; what matters of the text is in the first
                heads.append(line[:3] + b" " + self._first[4:HEAD])
                self._first = b""
            else:
                heads.append(line[:HEAD])
        return heads
