"""The tree of commands: one file for each group."""

import typer

from services.admin import contacts, db, topics, users


def build() -> typer.Typer:
    """All of `roeland`."""
    app = typer.Typer(
        name="roeland",
        help="The message broker of a crisis centre: the right version, to the right people, once, provably.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    for each in (users, contacts, topics, db):
        app.add_typer(each.app)
    return app
