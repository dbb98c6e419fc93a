"""`/settings`: what an administrator keeps. An index here; each part is a file of its own, `settings_*`."""

from importlib.metadata import version
from typing import Annotated, Final

import yaml
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.console.access import Allowed, Who
from services.console.desk import desk_of
from services.console.view import page
from services.domain.sms_price import CURRENCY
from services.runtime.sms_prices import SpendingSettings, prices
from services.store import alarms, dead_letters, spending
from services.store.kept_roles import administrator_kept

Administrator = Annotated[Who, Depends(Allowed("administer"))]
SPANS: Final = (1, 24)
"""Hours of which is told what was spent."""

router = APIRouter(prefix="/settings")


@router.get("")
async def index(request: Request, who: Administrator) -> Response:
    """What there is, and what asks for attention."""
    async with desk_of(request).pool.connection() as connection:
        standing = await alarms.rung(connection)
        letters = [each for each in await dead_letters.recent(connection) if each.replayed_at is None]
        kept = await administrator_kept(connection)
    return page(
        request, "settings.html.j2", alarms=len(standing), letters=len(letters), kept=int(kept is not None),
        version=version("roeland"),
    )  # fmt: skip


@router.get("/configuration")
async def configuration(request: Request, who: Administrator) -> Response:
    """The lists and rules in force, as the file that says them. They are changed there, by the support cell."""
    plain = desk_of(request).configuration.model_dump(mode="json")
    text = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=100, default_flow_style=None)
    return page(request, "settings/configuration.html.j2", configuration=desk_of(request).configuration, text=text)


@router.get("/spending")
async def spent(request: Request, who: Administrator) -> Response:
    """What SMS may cost, and about what they did cost."""
    price = prices()
    each = price.get("BE", price.get("*"))
    async with desk_of(request).pool.connection() as connection:
        found = [(hours, await spending.sms_since(connection, hours)) for hours in SPANS]
    told = [
        {
            "hours": hours, "sms": sum(sent for sent, _ in sms),
            "cost": sum(sent * segments for sent, segments in sms) * (each or 0),
        }
        for hours, sms in found
    ]  # fmt: skip
    caps = SpendingSettings().caps
    return page(request, "settings/spending.html.j2", told=told, caps=caps, price=each, currency=CURRENCY)
