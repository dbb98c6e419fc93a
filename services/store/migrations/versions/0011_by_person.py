"""From a person to their copies: what a look for fall-backs, a contact's page and a list of functions ask.

Indexes only, made beside whoever writes: a version before this one works on.
"""

from services.store import indexes

revision = "0011"
down_revision = "0010"

INDEXES = {
    "address_of_contact": "address (contact, channel)",  # also what they had before
    "address_alike": "address (lower(value), channel) WHERE value IS NOT NULL",
    "shared_delivery_contact": "shared_delivery (contact, message)",
}


def upgrade() -> None:
    indexes.build(INDEXES)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
