"""When a batch was made, so that who came after a release counts in the hour in which they came; and acts of a person.

Only adds: batches that a version before this one writes bear their time too.
"""

from alembic import op

from services.store import indexes

revision = "0012"
down_revision = "0011"

STATEMENTS = (
    "ALTER TABLE batch ADD COLUMN IF NOT EXISTS made_at timestamptz",  # null: it was there before this column
    "ALTER TABLE batch ALTER COLUMN made_at SET DEFAULT clock_timestamp()",
)
INDEXES = {
    # No plan's batch is in it, and neither column ever changes: it costs a fan-out nothing.
    "batch_added": "batch (made_at) WHERE origin <> 'plan'",
    "audit_actor": "audit (actor, id)",  # who acted, and how: what a page of the audit is narrowed to
    "audit_action": "audit (action, id)",
}


def upgrade() -> None:
    for each in STATEMENTS:
        op.get_bind().exec_driver_sql(each)
    indexes.build(INDEXES)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
