"""Which lines of requirements.lock a thing needs, so that one lock serves both the machine and the image.

The lock has everything, the devstack and the tools of developers too: 250 MB that have no business in an image. It
says after each package who asked for it (`# via`), and that is followed from the roots down. Nothing is resolved anew;
pip, with `--require-hashes`, refuses the result if it lacks anything. Only the standard library: it runs before
anything is installed.

    python deploy/locked.py             what Roeland needs to run
    python deploy/locked.py hatchling   what this package needs
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(packages: list[str]) -> None:
    """Write the lines for these packages, or for Roeland itself, on stdout."""
    roots = packages or runtime_dependencies((ROOT / "pyproject.toml").read_text())
    sys.stdout.write(locked((ROOT / "requirements.lock").read_text(), roots))


def runtime_dependencies(pyproject: str) -> list[str]:
    """Names of what `project.dependencies` asks for, without extras."""
    dependencies = tomllib.loads(pyproject)["project"]["dependencies"]
    return [re.split(r"[^A-Za-z0-9._-]", dependency, maxsplit=1)[0] for dependency in dependencies]


def locked(lock: str, roots: list[str]) -> str:
    """The lines of the lock for these packages and all that they need. Raises LookupError for one that it lacks."""
    lines = dict(_packages(lock))
    needed = {_normal(root) for root in roots}
    if unknown := needed - set(lines):
        raise LookupError(f"not in the lock: {', '.join(sorted(unknown))}")
    asked_by = {name: _asked_by(text) for name, text in lines.items()}
    while more := {name for name, parents in asked_by.items() if parents & needed} - needed:
        needed |= more
    return "".join(text for name, text in lines.items() if name in needed)


def _packages(lock: str) -> list[tuple[str, str]]:
    """(name, its lines) of every package, in the order of the lock."""
    found = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]
    return [(_normal(text.split("==", 1)[0]), text) for text in found]


def _asked_by(text: str) -> set[str]:
    """Who asked for a package: `# via a`, or `# via` and a line for each."""
    comments = re.findall(r"^ +#(?: +via)? +([A-Za-z0-9._-]+)", text, flags=re.MULTILINE)
    return {_normal(name) for name in comments} - {"via", "roeland"}


def _normal(name: str) -> str:
    """As PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower().strip()


if __name__ == "__main__":
    main(sys.argv[1:])
