"""`/settings/opt-outs`: the numbers that want no more SMS. Whole ones are shown to who asks, and that is audited."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from services.admin import opt_outs as admin
from services.console.access import Allowed, Who
from services.console.calling import call
from services.console.desk import desk_of
from services.console.view import page, see
from services.domain.contact_fields import masked
from services.store import opt_outs

Administrator = Annotated[Who, Depends(Allowed("administer"))]

router = APIRouter(prefix="/settings/opt-outs")


@router.get("")
async def listed(request: Request, who: Administrator) -> Response:
    """How many, since when and whose; the numbers masked."""
    async with desk_of(request).pool.connection() as connection:
        found = await opt_outs.everyone(connection)
    shown: list[dict[str, Any]] = [
        {"number": masked(each.number), "via": each.via, "at": each.at, "contacts": each.contacts} for each in found
    ]
    return page(request, "settings/opt_outs.html.j2", found=shown, whole=False, told=request.query_params.get("told"))


@router.post("/show")
async def whole(request: Request, who: Administrator) -> Response:
    """The numbers themselves, in this answer; the alarm about them ends, for somebody looked."""
    found = await call(admin.list_, who)
    return page(request, "settings/opt_outs.html.j2", found=found["numbers"], whole=True, told=None)


@router.post("/lift")
async def lift(request: Request, who: Administrator, number: Annotated[str, Form(max_length=40)]) -> Response:
    """SMS may go to it again, because its owner asked for that."""
    done = await call(admin.lift, who, number=number)
    return see(request, f"/settings/opt-outs?told={'lifted' if done['lifted'] else 'not'}")
