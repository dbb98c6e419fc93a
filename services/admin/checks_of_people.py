"""Checks of the people: somebody to write and somebody else to approve, and somebody to tell in every audience."""

from typing import Literal

from services.contacts.service import peoples_audiences
from services.domain.identity import may
from services.domain.municipalities import municipalities
from services.runtime.configuration import configuration_in_force
from services.runtime.postgres import connect
from services.store.coverage import audience_coverage, municipality_coverage
from services.store.users import all_users

Finding = tuple[Literal["ok", "remark", "problem"], str, str]


async def users() -> Finding:
    """One may write, and another may approve: nobody approves their own."""
    async with connect() as connection:
        able = [user for user in await all_users(connection) if user.disabled_at is None]
    authors = {user.id for user in able if may("submit", user.roles)}
    approvers = {user.id for user in able if may("approve", user.roles)}
    if not authors:
        return "problem", "nobody may write a message", "`roeland users add EMAIL --role author`"
    if not any(authors - {approver} for approver in approvers):
        return "problem", "nobody may approve what another wrote", "`roeland users add EMAIL --role approver`"
    without_key = sum(user.public_key is None for user in able)
    if without_key:
        remedy = "`roeland users key EMAIL` for each; on one machine alone it works without."
        return "remark", f"{len(able)} users, {without_key} without a key", remedy
    return "ok", f"{len(able)} users; {len(authors)} may write, {len(approvers)} may approve", ""


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
