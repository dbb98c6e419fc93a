"""From a person to their copies: what a look for fall-backs, a contact's page and a list of functions ask.

Indexes only: a version before this one works on.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = """
CREATE INDEX address_of_contact ON address (contact, channel);           -- also what they had before
CREATE INDEX address_alike ON address (lower(value), channel) WHERE value IS NOT NULL;
CREATE INDEX shared_delivery_contact ON shared_delivery (contact, message);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(STATEMENTS)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
