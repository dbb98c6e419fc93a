"""The tree of commands: one file for each group."""

from typing import Final

import typer

from services.admin import (
    alarms,
    api_keys,
    audit,
    audit_reading,
    blast,
    board,
    calls,
    config,
    contacts,
    db,
    dead_letters,
    decisions,
    demo,
    doctor,
    dossier,
    duty,
    editions,
    exporting,
    facts,
    feed_subscribers,
    feeds,
    following,
    groups,
    incidents,
    judging,
    messages,
    newcomers,
    newsletter_changes,
    newsletter_dates,
    newsletter_history,
    newsletters,
    opt_outs,
    participants,
    playbook_holdings,
    playbooks,
    proofs,
    replies,
    sms,
    sources,
    subscribers,
    topics,
    up,
    users,
    webhook_secrets,
    webhooks,
    who,
    withdrawing,
)

# Declared by being imported, on the groups of `messages` and `audit`.
MORE_MESSAGE_COMMANDS = (decisions, following, newcomers, who, withdrawing, exporting, dossier, proofs, judging, calls)
MORE_SMS_COMMANDS = (blast, opt_outs, replies)
MORE_AUDIT_COMMANDS = (audit_reading,)
MORE_INCIDENT_COMMANDS = (participants,)
MORE_NEWSLETTER_COMMANDS = (newsletter_dates, newsletter_changes, newsletter_history, editions, subscribers)
MORE_FEED_COMMANDS = (feed_subscribers,)
MORE_PLAYBOOK_COMMANDS = (playbook_holdings,)
MORE_WEBHOOK_COMMANDS = (webhook_secrets,)


BEGIN: Final = (
    "To begin: `roeland demo` shows all of it on this machine, `roeland doctor` says what a set-up lacks, and"
    " `roeland COMMAND --help` has examples. `--json` gives one JSON document, `--as EMAIL` says who acts; both may"
    " stand anywhere."
)


def build() -> typer.Typer:
    """All of `roeland`."""
    app = typer.Typer(
        name="roeland",
        help="The message broker of a crisis centre: the right version, to the right people, once, provably.",
        epilog=BEGIN,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    demo.declare(app)
    up.declare(app)
    doctor.declare(app)
    alarms.declare(app)
    board.declare(app)
    for each in (
        users,
        api_keys,
        duty,
        contacts,
        groups,
        incidents,
        facts,
        playbooks,
        messages,
        sms,
        newsletters,
        feeds,
        dead_letters,
        topics,
        db,
        config,
        audit,
        sources,
        webhooks,
    ):
        app.add_typer(each.app)
    return app
