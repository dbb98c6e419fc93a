"""`roeland`: parses the arguments, runs the command, and turns whatever comes of it into an exit code.

0: done. 1: refused or failed, with the reason. 2: wrong usage. A failure that was foreseen is one line, never a
traceback; one that was not is a mistake of ours and shows itself whole, on stderr.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any, Final, NoReturn

import typer

from services.admin.answers import (
    DONE,
    REFUSED,
    WRONG_USAGE,
    Refusal,
    WrongUsage,
    stdout_for_json_alone,
    tell_refusal,
    tell_wrong_usage,
)
from services.admin.app import build
from services.admin.invocation import current, wants_json, without_common

INTERRUPTED: Final = 130  # what typer makes of Ctrl-C


def main() -> NoReturn:
    """The entry point of `roeland` and of `python -m services.admin`."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has seen enough, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = REFUSED
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    as_json = wants_json(arguments)
    with stdout_for_json_alone() if as_json else nullcontext():
        try:
            return _run(arguments)
        except WrongUsage as wrong:
            tell_wrong_usage(str(wrong), "", as_json=as_json)
            return WRONG_USAGE
        except typer.TyperException as wrong:
            return _wrongly_typed(wrong, as_json)
        except BrokenPipeError:
            raise
        except Exception as problem:
            tell_refusal(_refusal(problem), as_json=as_json)
            return REFUSED


def _run(arguments: Sequence[str]) -> int:
    invocation, rest = without_common(arguments)
    current.set(invocation)
    code = _commands()(rest, prog_name="roeland", standalone_mode=False) or DONE
    if code == INTERRUPTED:
        raise Refusal("interrupted")
    return int(code)


@cache
def _commands() -> Any:
    """All commands; made once in a process: for tests, which run many in one, that is most of a call."""
    return typer.main.get_command(build())


def _wrongly_typed(wrong: typer.TyperException, as_json: bool) -> int:
    context = getattr(wrong, "ctx", None)
    usage = context.get_usage() if context else ""
    text = wrong.format_message()
    if type(wrong).__name__ == "NoArgsIsHelpError":
        text, usage = "a command is missing", ""
    if context and not as_json:
        text = f"{text} → `{context.command_path} --help`"
    tell_wrong_usage(text, usage, as_json=as_json)
    return wrong.exit_code


def _refusal(problem: Exception) -> Refusal:
    from services.admin.foreseen import as_refusal

    known = as_refusal(problem)
    if known is None:
        traceback.print_exc(file=sys.stderr)
        return Refusal(f"a mistake in Roeland itself: {type(problem).__name__}; please report the lines above")
    return known


if __name__ == "__main__":
    main()
