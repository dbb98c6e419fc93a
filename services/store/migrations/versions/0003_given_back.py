"""How often a delivery was claimed and given back: that is no try at it.

A column with a default only: a version before this one works on, and what it gives back counts as a try, as before.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = """
ALTER TABLE delivery ADD COLUMN given_back smallint NOT NULL DEFAULT 0;  -- claims of it that came to nothing
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(STATEMENTS)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
