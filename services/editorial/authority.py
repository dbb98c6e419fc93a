"""Who may give which command, and how we know who gives it.

A signature proves it, and so does a row in PostgreSQL by which a door of ours vouches for its user (decision 0027). A
mere assertion counts only where nobody but this machine's own people can have made it: Kafka and PostgreSQL are both on
loopback or a local socket, as our own settings have it.
"""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from services.domain.commands import Body, Command
from services.domain.identity import may
from services.store.users import User

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "roeland.message.submit.v1": ("submit",),
    "roeland.message.approve.v1": ("approve",),
    "roeland.message.reject.v1": ("reject", "submit"),  # who may submit may withdraw what is theirs
    "roeland.message.take-back.v1": ("approve", "submit"),  # the author too: whoever sees the mistake first
    "roeland.message.judge.v1": ("approve",),
    "roeland.message.withdraw.v1": ("approve",),
    "roeland.message.include.v1": ("approve",),
    "roeland.message.test.v1": ("submit", "approve"),
    "roeland.holding.approve.v1": ("approve",),
    "roeland.holding.revoke.v1": ("approve",),
    "roeland.holding.release.v1": ("break-glass",),  # crisis managers alone
    "roeland.newsletter.approve.v1": ("approve",),
    "roeland.newsletter.revoke.v1": ("approve", "submit"),  # whoever sees first that it must not go out by itself
    "roeland.newsletter.editorial.v1": ("submit",),
}


def objection(command: Command, user: User | None, *, trusts_assertions: bool, vouched: bool = False) -> str | None:
    """Why this command does not count; None when it does. `user` is the one whom the command names.

    `vouched`: a door recorded that it knew this user (`commands.vouched_for`).
    """
    if user is None:
        return f"there is no user {command.user}"
    if not vouched and (unproven := _unproven(command, user, trusts_assertions)):
        return unproven
    return why_not(command.body, user)


def why_not(body: Body, user: User) -> str | None:
    """Why this user may not ask for this, whoever says that it is they; None when they may."""
    if user.disabled_at is not None:
        return "this user is disabled: `roeland users add EMAIL --role …` enables them again"
    actions = ACTIONS[body.type]
    if not any(may(action, user.roles) for action in actions):
        what = "release alone what was approved beforehand" if "break-glass" in actions else f"{actions[0]} a message"
        return f"this user has no role that may {what}: see `roeland users list`"
    return None


def all_local(bootstrap: str, database_url: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether Kafka and PostgreSQL are both on loopback or a local socket. In doubt: no."""
    brokers = [broker.strip() for broker in bootstrap.split(",") if broker.strip()]
    return bool(brokers) and all(map(_local_broker, brokers)) and _local_database(database_url, environment)


def _unproven(command: Command, user: User, trusts_assertions: bool) -> str | None:
    if command.signature is None:
        if trusts_assertions:
            return None
        return (
            "the command is not signed, and Kafka or PostgreSQL is on another machine: `roeland users key EMAIL` "
            "makes a key to sign with"
        )
    if user.public_key is None:
        return "the command is signed, and no key of this user is known: `roeland users key EMAIL`"
    if not command.signed_by(user.public_key):
        return "the signature is not this user's: `roeland users list` shows which key is known"
    return None


def _local_broker(broker: str) -> bool:
    return _loopback(broker.rpartition(":")[0].strip("[]"))


def _local_database(url: str, environment: Mapping[str, str]) -> bool:
    """As libpq would choose: hostaddr before host, what the address leaves open from the environment."""
    try:
        given = conninfo_to_dict(url)
    except ProgrammingError:
        return False
    if given.get("service") or environment.get("PGSERVICE"):
        return False
    if addresses := str(given.get("hostaddr") or environment.get("PGHOSTADDR") or ""):
        return all(map(_loopback, addresses.split(",")))
    hosts = str(given.get("host") or environment.get("PGHOST") or "")
    return all(host == "" or host.startswith(("/", "@")) or _loopback(host) for host in hosts.split(","))


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
