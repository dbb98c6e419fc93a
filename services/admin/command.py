"""How a command is declared: a function that returns an `Answer`, with its examples.

`--json` and `--as` are the same for every command, and `main` takes them out of the arguments before they are
parsed, wherever they stand; here they are only declared, for the help and the shell's completion.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final, TypeVar

import typer

from services.admin.answers import Answer, give
from services.admin.completing import offer
from services.admin.invocation import current

Declared = TypeVar("Declared", bound=Callable[..., Answer | Awaitable[Answer]])

COMMON: Final[dict[str, tuple[Any, Any]]] = {
    "as_json": (
        Annotated[bool, typer.Option("--json", help="One JSON document on stdout.", show_default=False)],
        False,
    ),
    "as_email": (
        Annotated[str | None, typer.Option("--as", metavar="EMAIL", help="Who acts; wins over ROELAND_USER.")],
        None,
    ),
}


def group(name: str, about: str) -> typer.Typer:
    """A group of commands, such as `roeland users …`."""
    return typer.Typer(name=name, help=about, no_args_is_help=True, rich_markup_mode="rich", add_completion=False)


def command(app: typer.Typer, name: str, *, examples: Sequence[str]) -> Callable[[Declared], Declared]:
    """Declare `function` as a command of this app. Its docstring is the help, followed by the examples."""

    def declare(function: Declared) -> Declared:
        @functools.wraps(function)
        def run(**given: Any) -> None:
            for common in COMMON:
                given.pop(common)
            _settle_logs()
            answer = function(**given)
            if inspect.isawaitable(answer):
                answer = _carried_out(answer)
            give(answer, as_json=current.get().json)

        _declare_common(run, function, str(app.info.name))
        app.command(name, help=_help(function, examples))(run)
        return function

    return declare


def _carried_out(answer: Awaitable[Answer]) -> Answer:
    import asyncio

    async def awaited() -> Answer:
        return await answer

    return asyncio.run(awaited())


def _declare_common(run: Callable[..., None], function: Callable[..., Any], group: str) -> None:
    signature = inspect.signature(function, eval_str=True)
    offer(list(signature.parameters.values()), group)
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=nothing, annotation=option)
        for name, (option, nothing) in COMMON.items()
    ]
    keyword_only = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in signature.parameters.values()]
    run.__signature__ = signature.replace(parameters=[*keyword_only, *common])  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in [*keyword_only, *common]}


def _help(function: Callable[..., Any], examples: Sequence[str]) -> str:
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    text = "\n\n".join(" ".join(each.split()) for each in paragraphs)  # else it breaks where the source does
    listed = "\n\n".join(f"  roeland {example}" for example in examples)
    return f"{text}\n\nFor example:\n\n{listed}"


def _settle_logs() -> None:
    """Logs on stderr, and only what somebody at a command line needs to know."""
    import logging

    from services.runtime import logs, origin

    logs.configure("admin", level=logging.WARNING)
    origin.set_origin(origin.here("admin"))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it means, the command says in one line
