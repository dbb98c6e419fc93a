"""The secret of a webhook may be changed: for a while the former one signs beside the new one.

Only adds: a version before this one signs with the new one alone.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = (
    "ALTER TABLE webhook ADD COLUMN former_secret bytea",  # sealed, as `secret` is
    "ALTER TABLE webhook ADD COLUMN former_until timestamptz",  # from then on only `secret` signs
)


def upgrade() -> None:
    for each in STATEMENTS:
        op.get_bind().exec_driver_sql(each)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
