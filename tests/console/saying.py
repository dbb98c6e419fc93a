"""What the source says to people when it refuses, finds or advises: its sentences, with `{}` for what is filled in."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SERVICES: Final = Path(__file__).parents[2] / "services"
SAYS: Final = frozenset({
    "Refusal", "Invalid", "Unanswered", "Cannot", "Foreseen", "GroupRefused", "WrongUsage", "Problem", "Blocked",
    "Finding", "Fault", "Unusable", "ContactProblem", "Trouble", "Break", "refused", "problem", "broken",
    "Unreadable", "Unfit", "CannotFill", "ValueError", "wrong",
})  # fmt: skip
"""What is called with words for people."""

WORDS: Final = re.compile(r"[a-z]{2,}\S* +(\S+ +)*\S*[a-z]{2,}")
"""More than the name of a field, or what stands between two places."""


def sentences(path: Path) -> Iterator[str]:
    """All that the file says by one of these, or returns or yields as a problem with its remedy."""
    tree = ast.parse(path.read_text())
    named = _named(tree)
    for each in ast.walk(tree):
        for value in _said_by(each):
            for text in _texts(value, named):
                if WORDS.search(text):
                    yield text


def _said_by(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        keywords = [each.value for each in node.keywords if each.arg in {"problem", "remedy", "error"}]
        return [*node.args, *keywords] if name.lstrip("_") in SAYS else []
    if isinstance(node, ast.Return | ast.Yield) and isinstance(node.value, ast.Tuple):
        return list(node.value.elts)
    return []


def _named(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """What each name is set to, anywhere in the file."""
    found: dict[str, list[ast.expr]] = {}
    for each in ast.walk(tree):
        if isinstance(each, ast.Assign | ast.AnnAssign) and each.value is not None:
            for target in each.targets if isinstance(each, ast.Assign) else [each.target]:
                pairs = [(target, each.value)]
                if isinstance(target, ast.Tuple) and isinstance(each.value, ast.Tuple):
                    pairs = list(zip(target.elts, each.value.elts, strict=False))
                for to, value in pairs:
                    if isinstance(to, ast.Name):
                        found.setdefault(to.id, []).append(value)
    return found


def _texts(value: ast.expr, named: dict[str, list[ast.expr]]) -> list[str]:
    if isinstance(value, ast.Constant):
        return [value.value] if isinstance(value.value, str) else []
    if isinstance(value, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in value.values)]
    if isinstance(value, ast.IfExp):
        return _texts(value.body, named) + _texts(value.orelse, named)
    if isinstance(value, ast.BoolOp):
        return [text for part in value.values for text in _texts(part, named)]
    if isinstance(value, ast.Name):
        return [text for set_to in named.get(value.id, []) if not isinstance(set_to, ast.Name)
                for text in _texts(set_to, {})]  # fmt: skip
    return []
