"""The people who are told, and those who work here: contacts, groups, users, duty."""

from typing import Final

from services.admin import api_keys, contacts, duty, groups, users
from services.console.api import models
from services.console.api.ability import CSV, Ability, Given, Pages, Written
from services.store import contact_people

CONTACTS: Final = Given("file", "contacts", {CSV: ".csv"})

EXPORTED: Final = Ability(
    command="contacts export", function=contacts.export, method="GET", path="/contacts/export",
    action="keep-contacts", written=(Written("output", "contacts.csv", CSV),), version=contact_people.last_change,
)  # fmt: skip
CONTACT: Final = (
    Ability(
        command="contacts list", function=contacts.list_, method="GET", path="/contacts", action="keep-contacts",
        pages=Pages("external_id", "after", items="contacts", most=10_000), answer=models.Contact,
    ),
    Ability(
        command="contacts import", function=contacts.import_, method="POST", path="/contacts/import",
        action="keep-contacts", given=CONTACTS, answer=models.Imported, versioned=EXPORTED, asks=False,
    ),
    EXPORTED,
    Ability(
        command="contacts coverage", function=contacts.coverage, method="GET", path="/contacts/coverage", action="see",
    ),
    Ability(
        command="contacts remove", function=contacts.remove, method="DELETE", path="/contacts/{external_id}",
        action="keep-contacts",
    ),
)  # fmt: skip

SHOWN_GROUP: Final = Ability(
    command="group show", function=groups.show, method="GET", path="/groups/{name}", action="see",
    etag=("name", "title", "recipients", "written_at"),
)  # fmt: skip
GROUPS: Final = (
    Ability(
        command="group list", function=groups.list_, method="GET", path="/groups", action="see",
        pages=Pages("name"),
    ),
    SHOWN_GROUP,
    Ability(
        command="group set", function=groups.set_, method="PUT", path="/groups/{name}", action="keep-contacts",
        versioned=SHOWN_GROUP,
    ),
    Ability(
        command="group remove", function=groups.remove, method="DELETE", path="/groups/{name}", action="keep-contacts",
        versioned=SHOWN_GROUP,
    ),
)  # fmt: skip

SHOWN_USER: Final = Ability(
    command="users list", function=users.list_, method="GET", path="/users/{email}", action="administer", pick="email",
    title="A user: their roles, whether they have a key, and whether they are disabled",
    etag=("email", "roles", "mobile", "disabled_at"),
)  # fmt: skip
USERS: Final = (
    Ability(
        command="users list", function=users.list_, method="GET", path="/users", action="administer",
        pages=Pages("email"),
    ),
    SHOWN_USER,
    Ability(
        command="users add", function=users.add, method="PUT", path="/users/{email}", action="administer",
        versioned=SHOWN_USER, person=True,
    ),
    Ability(
        command="users mobile", function=users.mobile, method="PUT", path="/users/{email}/mobile", action="administer",
        fixed={"none": False}, versioned=SHOWN_USER,
    ),
    Ability(
        command="users mobile", function=users.mobile, method="DELETE", path="/users/{email}/mobile",
        action="administer", title="Have notices go to a user by mail alone", fixed={"none": True, "number": None},
        versioned=SHOWN_USER,
    ),
    Ability(
        command="users disable", function=users.disable, method="POST", path="/users/{email}/disable",
        action="administer",
    ),
    Ability(
        command="users invite", function=users.invite, method="POST", path="/users/{email}/invitations",
        action="administer", status=201, person=True,
    ),
)  # fmt: skip

KEYS: Final = (
    Ability(
        command="keys list", function=api_keys.list_, method="GET", path="/keys", action="see",
        also={"everybody": "administer"}, pages=Pages("id"),
    ),
    Ability(
        command="keys add", function=api_keys.add, method="POST", path="/keys", action="see", status=201, person=True,
    ),
    Ability(
        command="keys revoke", function=api_keys.revoke, method="DELETE", path="/keys/{id}", action="see",
        also={"anybodys": "administer"}, itself="id",
    ),
)  # fmt: skip

SHOWN_DUTY: Final = Ability(
    command="duty show", function=duty.show, method="GET", path="/duty", action="see",
    etag=("on_duty", "from", "until", "told_instead", "warnings", "changed_at"),
)  # fmt: skip
DUTY: Final = (
    SHOWN_DUTY,
    Ability(
        command="duty set", function=duty.set_, method="PUT", path="/duty", action="administer", versioned=SHOWN_DUTY,
    ),
    Ability(command="duty history", function=duty.history, method="GET", path="/duty/history", action="see"),
)  # fmt: skip
