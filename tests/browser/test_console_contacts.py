"""The contacts' pages, on a phone and on a screen, by day and by night, in both languages."""

from pathlib import Path

import httpx
import pytest

from services.console.access import COOKIE
from services.console.tokens import csrf_token
from services.runtime.tokens import digest
from tests.admin.conftest import in_this_process
from tests.browser.console import ConsoleSite
from tests.browser.looking import look_at
from tests.browser.looks import CONTACTS
from tests.browser.sight import Sight

pytestmark = [pytest.mark.stack, pytest.mark.long]

COLUMNS = "external_id,name,organisation,role,audience,municipality,province,language,email,mobile,deputy"
TOWNS = ("Aalst", "Gent", "Hasselt", "Genk", "Brugge", "Kortrijk", "Leuven", "Mechelen")
LIST = [
    COLUMNS,
    *(f"b-{n},Burgemeester van {t},Stad {t},burgemeester,local-governments,{t},,,b{n}@{t.lower()}.example,"
      f"{'' if n % 3 else '+32470' + f'{n:06}'},{f'c-{n}' if n % 2 else ''}" for n, t in enumerate(TOWNS)),
    *(f"c-{n},Noodplanner van {t},Stad {t},noodplanningscoördinator,local-governments,{t},,,"
      f"{'' if n % 4 == 1 else f'c{n}@{t.lower()}.example'},+32471{n:06}," for n, t in enumerate(TOWNS)),
    "gov-1,An Peeters-Vandenbroucke,Provincie Limburg,gouverneur,governors,,Limburg,,an@limburg.example,+32470123456,",
]  # fmt: skip
CHANGED = [*LIST[:3], LIST[3].replace("Hasselt.example", "hasselt2.example").replace("b2@", "burgemeester@"), *LIST[4:]]


def uploaded(site: ConsoleSite, cookies: dict[str, str], content: str) -> httpx.Response:
    headers = {"X-CSRF-Token": csrf_token(digest(cookies[COOKIE])), "Cookie": f"{COOKIE}={cookies[COOKIE]}"}
    files = {"file": ("lijst-november.csv", content.encode(), "text/csv")}
    return httpx.post(f"{site.url}/contacts/import", files=files, headers=headers, timeout=60)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_contacts_are_looked_at(sight: Sight, console_site: ConsoleSite, tmp_path: Path, language: str) -> None:
    """List, one, its form, an import's table, its problems, who cannot be reached, groups."""
    (tmp_path / "people.csv").write_text("\n".join(LIST))
    env = {"ROELAND_DATABASE_URL": console_site.desk.database.url()}
    assert in_this_process(["contacts", "import", str(tmp_path / "people.csv")], env).code == 0
    group = ["group", "set", "limburg-top", "--title", "Top Limburg", "--province", "Limburg"]
    assert in_this_process(group, env).code == 0
    cookies = console_site.signed_in("author")
    more = [f"n-{n},Nieuw contact {n},,,governors,,,,n{n}@x.example,+3292345678," for n in range(3)]
    upload = uploaded(console_site, cookies, "\n".join([*CHANGED, *more])).headers["location"].rpartition("/")[2]
    filled = {"external_id": "b-1", "group": "limburg-top", "upload": upload}
    look_at(CONTACTS, sight, console_site, language=language, cookies=cookies, **filled)
