"""Contacts by telephone number: whose is an SMS that the provider holds?"""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = "CREATE INDEX address_number ON address (value) WHERE channel = 'sms'"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(STATEMENTS)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
