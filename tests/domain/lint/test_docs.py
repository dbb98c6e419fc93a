"""docs/lint.md is the table of the rules as they are."""

from pathlib import Path

from services.domain.lint import rules_in_force

DOCS = Path(__file__).parents[3] / "docs" / "lint.md"


def test_the_documentation_lists_every_rule() -> None:
    """With what it weighs, why, and where it comes from: an author who is refused looks it up there."""
    weighs = {"error": "blocks", "warning": "hints"}
    rows = [f"| `{r.rule}` | {weighs[r.severity]} | {r.why} | {r.source} |" for r in rules_in_force()]
    text = DOCS.read_text(encoding="utf-8")
    assert [row for row in rows if row not in text] == []
    assert text.count("\n| `") == len(rows)
