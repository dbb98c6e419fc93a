"""`/settings/keys`: everybody's keys for the API: what each may do, when it was used, and revoking it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.admin import api_keys as admin
from services.console.access import Allowed, Who
from services.console.calling import call
from services.console.view import page, see

Administrator = Annotated[Who, Depends(Allowed("administer"))]

router = APIRouter(prefix="/settings/keys")


@router.get("")
async def listed(request: Request, who: Administrator) -> Response:
    """All of them. One's own keys are made by oneself, and not here."""
    found = await call(admin.list_, who, everybody=True)
    return page(request, "settings/keys.html.j2", keys=found, told=request.query_params.get("told"))


@router.post("/{number}/revoke")
async def revoke(request: Request, who: Administrator, number: int) -> Response:
    """It opens nothing any more."""
    await call(admin.revoke, who, id_=number, anybodys=True)
    return see(request, "/settings/keys?told=revoked")
