"""`roeland sms opt-outs list|lift`: the numbers that want no more SMS."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.admin.answers import Answer, as_plain, entries, instant, lines
from services.admin.command import command, group
from services.admin.sms import app as sms

if TYPE_CHECKING:
    from services.store.opt_outs import OptOut

app = group("opt-outs", "Numbers that asked for no more SMS: they are told by mail, or by telephone.")
sms.add_typer(app)


@command(app, "list", examples=["sms opt-outs list", "sms opt-outs list --json"])
async def list_() -> Answer:
    """Which numbers want no more SMS, since when, and whose they are. The alarm about them ends when you looked."""
    from services.admin.acting import acting
    from services.store import audit, opt_outs

    async with acting() as (connection, actor), connection.transaction():
        found = await opt_outs.everyone(connection)
        await opt_outs.seen(connection)
        detail = {"numbers": len(found)}
        await audit.record(connection, actor=actor, action="sms.opt-outs-read", subject="sms", detail=detail)
    none = "every number takes SMS"
    return Answer({"numbers": [as_plain(each) for each in found]}, entries(map(_shown, found), none=none))


@command(app, "lift", examples=["sms opt-outs lift +32470123456 --as wacht@ccvo.example"])
async def lift(
    number: Annotated[str, typer.Argument(metavar="PHONE", help="In E.164: +32470123456.")],
) -> Answer:
    """Let SMS go to a number again, because its owner asked for it.

    Twilio may refuse it all the same until START comes from that telephone.
    """
    from services.admin.acting import acting, acting_user
    from services.store import audit, opt_outs

    async with acting() as (connection, _), connection.transaction():
        user = await acting_user(connection)
        lifted = await opt_outs.lift(connection, number.strip())
        detail = {"lifted": lifted}  # a number would stay in the chain for ever
        await audit.record(connection, actor=user.id, action="sms.opt-out-lifted", subject="sms", detail=detail)
    told = "SMS may go to it again" if lifted else "it had not opted out"
    return Answer({"number": number.strip(), "lifted": lifted}, lines(told))


def _shown(each: "OptOut") -> tuple[str, list[str]]:
    return each.number, [f"since {instant(each.at)}", each.via, ", ".join(each.contacts)]
