"""What the shell offers at <TAB>: names that there are, from the configuration and from PostgreSQL.

Each parameter of a command finds its list by what it is called, so that no command says it. Whatever is wrong, nothing
is offered and nothing is said: somebody is typing.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

import typer

SECONDS: Final = 1.0
MOST: Final = 60

Names = Sequence[str | tuple[str, str]]
"""Each with what it is, where that helps."""


def offer(parameters: Sequence[inspect.Parameter], group: str) -> None:
    """Have the parameters of a command of this group (`message`, `sms`, …) completed."""
    for each in parameters:
        for info in getattr(each.annotation, "__metadata__", ()):
            if isinstance(info, typer.models.ParameterInfo):
                kind = next((KINDS[name] for name in _called(each, info, group) if name in KINDS), None)
                info.autocompletion = kind and _completing(kind)


def _called(each: inspect.Parameter, info: typer.models.ParameterInfo, group: str) -> Iterator[str]:
    name = info.metavar
    if isinstance(info, typer.models.OptionInfo):
        written = [info.default, *(info.param_decls or ())]  # in Annotated the first name lies where a default would
        names = (name for name in written if isinstance(name, str) and name.startswith("--"))
        name = next(names, f"--{each.name.replace('_', '-')}")
    yield from (f"{group} {name}", name or "")


def _completing(kind: Callable[[str], Names]) -> Callable[[str], list[str | tuple[str, str]]]:
    def complete(incomplete: str) -> list[str | tuple[str, str]]:
        before, comma, last = incomplete.rpartition(",")
        with suppress(Exception):
            found = [(each, "") if isinstance(each, str) else each for each in kind(last)]
            # A shell would take a name with a blank for two.
            return [(before + comma + name, about) for name, about in found if not set(name) & set(" \t\n,")]
        return []

    return complete


def audiences(_: str) -> Names:
    """Of this centre."""
    from services.runtime.configuration import configuration_in_force

    return configuration_in_force().audience_ids


def user_roles(_: str) -> Names:
    """What somebody may be to us."""
    from services.domain.identity import ROLES

    return ROLES


def provinces(_: str) -> Names:
    """All."""
    from services.domain.municipalities import PROVINCES

    return PROVINCES


def municipalities(_: str) -> Names:
    """All."""
    from services.domain import municipalities as towns

    return list(towns.municipalities())


def _asked(query: str) -> Callable[[str], Names]:
    """What PostgreSQL says to this: names that begin so, each with what it is."""

    def ask(begins: str) -> Names:
        import asyncio

        from services.runtime.postgres import connect

        async def rows() -> Names:
            async with asyncio.timeout(SECONDS), connect(autocommit=True) as connection:
                found = await connection.execute(query.encode(), {"begins": begins, "most": MOST})
                return [(name, about) for name, about in await found.fetchall()]

        return asyncio.run(rows())

    return ask


roles = _asked(
    "SELECT DISTINCT role, '' FROM contact WHERE removed_at IS NULL AND user_id IS NULL AND role <> ''"
    " AND starts_with(role, %(begins)s) ORDER BY role LIMIT %(most)s"
)
groups = _asked(
    "SELECT slug, title FROM contact_group WHERE removed_at IS NULL AND starts_with(slug, %(begins)s)"
    " ORDER BY slug LIMIT %(most)s"
)
incidents = _asked(
    "SELECT slug, title FROM incident i WHERE starts_with(slug, %(begins)s)"
    " AND NOT EXISTS (SELECT FROM newsletter n WHERE n.incident = i.slug)"
    " ORDER BY closed_at IS NOT NULL, opened_at DESC LIMIT %(most)s"
)
messages = _asked(
    "SELECT id::text, coalesce(content -> 'title' -> 0 ->> 'text', '') FROM message"
    " WHERE kind NOT IN ('notice', 'test') AND state <> 'replaced' AND starts_with(id::text, %(begins)s)"
    " ORDER BY number DESC LIMIT %(most)s"
)
newsletters = _asked("SELECT slug, '' FROM newsletter WHERE starts_with(slug, %(begins)s) ORDER BY slug LIMIT %(most)s")

KINDS: Final[dict[str, Callable[[str], Names]]] = {
    "--audience": audiences, "AUDIENCE": audiences, "--province": provinces, "--municipality": municipalities,
    "--role": roles, "users --role": user_roles, "--group": groups, "group NAME": groups, "--incident": incidents,
    "--participants": incidents, "INCIDENT": incidents, "--got": messages, "--not-confirmed": messages,
    "--message": messages, "message ID": messages, "newsletter NAME": newsletters,
}  # fmt: skip
"""By option or metavar, where need be with the group before it."""
