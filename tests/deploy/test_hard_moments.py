"""docs/sms-blast.md says which test shows what happens at each hard moment: it must be there."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
MOMENTS = (TESTS.parent / "docs" / "sms-blast.md").read_text().partition("## Hard moments")[2].partition("\n## ")[0]


def test_every_hard_moment_has_its_tests() -> None:
    """A table that nobody holds against the code is a wish."""
    rows = [line.split("|")[3] for line in MOMENTS.splitlines() if line.startswith("| ")][1:]
    named = [re.findall(r"`([a-z_/]+\.py)` ([a-z_, ]+)", row) for row in rows]
    assert len(rows) >= 15 and all(named)
    for file, words in (each for row in named for each in row):
        tests = re.findall(r"def (test_\w+)", (TESTS / file).read_text())
        for word in words.split(","):
            assert any(word.strip() in test for test in tests), f"{file}: {word}"
