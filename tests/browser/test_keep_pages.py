"""Newsletters, feeds, settings and the audit as people see them: both languages, by day and by night, on a phone."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import pytest

from services.store import alarms, audit, opt_outs, webhooks
from services.store.alarms import Alarm
from services.store.users import find_user
from tests.browser.console import ConsoleSite
from tests.browser.looking import look_at
from tests.browser.looks import NEWSLETTERS, SETTINGS, Pages
from tests.browser.sight import Sight
from tests.editorial.newsletters import TODAY, added, made

pytestmark = [pytest.mark.stack, pytest.mark.long]
ROLES: Final = ("administrator", "author", "approver", "auditor")
NEXT: Final = TODAY + timedelta(days=1)


@pytest.fixture(scope="module")
def site(lasting_site: ConsoleSite) -> Iterator[ConsoleSite]:
    """One where something happened."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROELAND_PUBLIC_URL", "https://crisis.example")
        lasting_site.signed_in(*ROLES)
        lasting_site.run(_lived(lasting_site))
        yield lasting_site


@pytest.fixture(scope="module")
def cookies(site: ConsoleSite) -> dict[str, str]:
    """Of the one administrator."""
    return site.signed_in(*ROLES)


async def _lived(site: ConsoleSite) -> None:
    async with site.desk.pool.connection() as connection:
        user = await find_user(connection, f"{'-'.join(ROLES)}@ccvo.example")
        assert user is not None
        row = await added(connection, by=user.id, slug="dagelijks", quiet_day="say-so", by_province=("governors",))
        await made(connection, row, TODAY - timedelta(days=1), due=-timedelta(hours=1))
        await connection.execute("INSERT INTO contact (external_id, name, organisation, language) SELECT 'gov-' || n,"
                                 " 'Gouverneur ' || n, 'Provincie', 'nl' FROM generate_series(1, 5) n")  # fmt: skip
        await connection.execute("INSERT INTO contact_audience (audience, contact) SELECT 'governors', id FROM contact")
        await alarms.ring(connection, Alarm(alarms.CANNOT_SEND, "mail", {"why": "535 authentication failed"}))
        await opt_outs.add(connection, ["+32470123456"], "reply")
        hook = await webhooks.add(connection, "https://desk.example/hook", b"x", ["done"], closed_titles=False, by=None)
        await webhooks.rotate(connection, hook.id, b"y", grace=timedelta(days=1))
        for action in ("incident.opened", "message.stopped", "duty.set"):
            subject = "incident:cyber-2026-014"
            await audit.record(connection, actor=user.id, action=action, subject=subject, detail={"reason": "proef"})


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("pages", [NEWSLETTERS, SETTINGS], ids=["newsletters", "settings"])
def test_it_can_be_read_by_everyone(
    sight: Sight, site: ConsoleSite, cookies: dict[str, str], pages: Pages, language: str
) -> None:
    """WCAG 2.2 AA, no sideways scrolling at 360 px, nothing loaded from elsewhere: all pages are told of at once."""
    look_at(pages, sight, site, language=language, cookies=cookies, name="dagelijks", day=NEXT, user=1)
