"""The fields of the blast page as the order that they are: the same that `roeland sms blast` makes of its options."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.datastructures import ImmutableMultiDict

from services.admin.blast_acting import Blast
from services.admin.blast_content import Order
from services.admin.selecting import Chosen
from services.domain.configuration import Configuration
from services.store.prepared_blasts import Form

SINGLE: Final = (
    "text", "holding", "not-confirmed", "role", "recipients", "incident", "title", "hours", "exercise", "confirm",
    "within",
)  # fmt: skip
SEVERAL: Final = ("audience", "province", "group")
HOLE: Final = "hole-"
TEXT: Final = "text-"
"""Before the name of a hole, and before another language than the first."""
HOURS: Final = (1, 2, 4, 8, 12, 24)
FIRST_HOURS: Final = 4
NOTHING_YET: Final = "CCVO: …"
"""Stands for a text that is still to be typed, so that whom it reaches is shown before."""


def fields_of(form: ImmutableMultiDict[str, Any]) -> Form:
    """What was filled in, and nothing that the page does not have."""
    kept: dict[str, list[str]] = {}
    for name in form:
        if name in SINGLE or name in SEVERAL or name.startswith((HOLE, TEXT)):
            given = [value for value in form.getlist(name) if isinstance(value, str) and value.strip()]
            if given:
                kept[name] = given if name in SEVERAL else given[-1:]
    return kept


def one(form: Form, name: str) -> str:
    """A field of one value; empty where nothing was filled in."""
    return next(iter(form.get(name, ())), "").strip()


def has_text(form: Form) -> bool:
    """Whether anything is said yet."""
    return bool(one(form, "holding")) or any(name == "text" or name.startswith(TEXT) for name in form)


def has_people(form: Form) -> bool:
    """Whether anybody was chosen yet."""
    return bool(one(form, "holding")) or any(
        form.get(name) for name in (*SEVERAL, "role", "not-confirmed", "recipients")
    )


def blast_of(form: Form, configuration: Configuration, *, break_glass: str | None = None) -> Blast:
    """What it asks for. Raises `WrongUsage` for a selection that cannot be read."""
    if holding := one(form, "holding"):
        playbook, _, entry = holding.partition("/")
        holes = {name.removeprefix(HOLE): one(form, name) for name in form if name.startswith(HOLE)}
        order = Order(fills=holes, incident=one(form, "incident") or None)
        return Blast(order, (playbook, entry))
    chosen = _chosen(form)
    order = Order(
        texts=_texts(form, configuration.languages[0]) or (NOTHING_YET,),
        audiences=chosen.audiences(configuration),
        recipients=chosen.selection(configuration, audiences=False),
        incident=one(form, "incident") or None, title=one(form, "title") or None, hours=_hours(form),
        exercise=bool(one(form, "exercise")), confirm=bool(one(form, "confirm")), within=_within(form),
    )  # fmt: skip
    return Blast(order, None, break_glass)


def _chosen(form: Form) -> Chosen:
    def given(name: str) -> tuple[str, ...]:
        return tuple(form.get(name, ()))

    return Chosen(
        audience=given("audience"), province=given("province"), role=given("role"), group=given("group"),
        not_confirmed=given("not-confirmed"), recipients=given("recipients"),
    )  # fmt: skip


def _texts(form: Form, own: str) -> Sequence[str]:
    texts = [f"{own}: {one(form, 'text')}"] if one(form, "text") else []
    others = [name for name in form if name.startswith(TEXT) and one(form, name)]
    return texts + [f"{name.removeprefix(TEXT)}: {one(form, name)}" for name in others]


def _hours(form: Form) -> float:
    written = one(form, "hours")
    return float(written) if written.isdigit() and int(written) in HOURS else float(FIRST_HOURS)


def _within(form: Form) -> int | None:
    written = one(form, "within")
    return int(written) if one(form, "confirm") and written.isdigit() and 0 < int(written) <= 1440 else None
