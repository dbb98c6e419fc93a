"""Checks of the people: somebody to write and somebody else to approve, and somebody to tell in every audience."""

from collections.abc import Sequence
from typing import Literal

from services.admin.alone import on_this_machine_alone
from services.contacts.service import peoples_audiences
from services.domain.identity import may
from services.domain.municipalities import municipalities
from services.runtime.configuration import configuration_in_force
from services.runtime.postgres import connect
from services.store import duty
from services.store.coverage import audience_coverage, municipality_coverage
from services.store.users import User, all_users

Finding = tuple[Literal["ok", "remark", "problem"], str, str]


async def users() -> Finding:
    """One may write, and another may approve: nobody approves their own."""
    async with connect() as connection:
        able = [user for user in await all_users(connection) if user.disabled_at is None]
        listed, shift = await duty.ever_set(connection), await duty.in_force(connection)
    here = on_this_machine_alone()
    known = [user for user in able if here or user.public_key is not None]
    authors = {user.id for user in known if may("submit", user.roles)}
    approvers = {user.id for user in known if may("approve", user.roles)}
    remedy = "`roeland users add EMAIL --role {}`" if len(known) == len(able) else "`roeland users key EMAIL`"
    if not authors:
        return "problem", f"nobody may write a message{_unknown(able, known)}", remedy.format("author")
    if not any(authors - {approver} for approver in approvers):
        return "problem", f"nobody may approve what another wrote{_unknown(able, known)}", remedy.format("approver")
    if len(known) < len(able):
        return "remark", f"{len(able)} users{_unknown(able, known)}", remedy
    told = f"{len(able)} users; {len(authors)} may write, {len(approvers)} may approve"
    if not listed:
        return "ok", f"{told}; there is no duty list, so nobody is called when a message waits", ""
    if shift is None or not approvers.intersection(shift.users):
        return "remark", f"{told}; nobody is on duty: all crisis managers would be called", "`roeland duty set EMAIL`"
    if any(user.mobile is None for user in able if user.id in shift.users):
        return "remark", f"{told}; somebody on duty has no mobile number", "`roeland duty show`"
    return "ok", told, ""


async def contacts() -> Finding:
    """Every audience has somebody, and so has every municipality."""
    async with connect() as connection:
        audiences = await audience_coverage(connection, peoples_audiences(configuration_in_force()))
        towns = await municipality_coverage(connection, list(municipalities()), audience="local-governments")
    empty = [each.audience for each in audiences if not each.contacts]
    if len(empty) == len(audiences):
        return "problem", "there are no contacts: a message would reach nobody", "`roeland contacts import FILE`"
    unreached = sum(not town.with_mail for town in towns)
    if empty:
        return "remark", f"nobody is in {', '.join(empty)}", "`roeland contacts import FILE`"
    if unreached:
        return "remark", f"{unreached} municipalities have nobody with a mail address", "`roeland contacts coverage`"
    return "ok", "every audience and every municipality has somebody", ""


def _unknown(able: Sequence[User], known: Sequence[User]) -> str:
    """Without a key a command counts only on a machine that has Kafka and PostgreSQL to itself."""
    return f"; {len(able) - len(known)} have no key, so their commands do not count" if len(known) < len(able) else ""
