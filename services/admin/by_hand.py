"""`roeland message confirm ID CONTACT…`: the cell says of people that they know, and the audit says who said so."""

from typing import Literal

from services.admin.answers import Answer, Refusal, lines


async def confirm_by_hand(written: str, external_ids: list[str], *, how: Literal["telephone", "operator"]) -> Answer:
    """Of contacts who were asked, or who got it as a deputy; all of them, or nothing is recorded."""
    from services.admin.acting import acting, acting_user
    from services.admin.giving import known, message_id
    from services.store import audit, confirmations

    async with acting() as (connection, _), connection.transaction():
        user = await acting_user(connection)
        message = await known(connection, message_id(written))
        if message.confirm_minutes is None:
            raise Refusal(f"message {written} does not ask anybody to confirm: it has no `confirm: true`")
        found = await confirmations.recipients(connection, message.number, external_ids)
        if others := [each for each in dict.fromkeys(external_ids) if each not in found]:
            told = f"{', '.join(others)} did not get message {written}: `roeland message who {written}`"
            raise Refusal(f"{told}. Nothing was recorded", more={"confirmed": 0})
        contacts = sorted(found.values())
        new = await confirmations.record(connection, message.number, contacts, how=how, by_user=user.id)
        detail = {"message": message.number, "contacts": contacts, "how": how, "new": new}
        await audit.record(
            connection, actor=user.id, action="message.confirmed-for", subject=f"message:{message.id}", detail=detail
        )
    told = f"{new} confirmed" + (f", {len(contacts) - new} had before" if new < len(contacts) else "")
    return Answer({"id": message.id, "confirmed": new, "before": len(contacts) - new}, lines(told))
