"""The ledger: room for two changes of each row on its page, and the next batch found without walking past others.

Storage parameters and indexes only: a version before this one works on, and profits.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = """
-- A claim changes all rows of a page in one transaction, and its settlement all of them again: both find room
-- beside the rows as they were, and stay HOT. What they leave is pruned by the next reader; vacuum has little to do.
ALTER TABLE delivery SET (fillfactor = 45);

-- A few hundred rows that change often: vacuumed early, their indexes stay short.
ALTER TABLE batch SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Straight to a message's first batch, past those that wait until they are due; and to the first that is due.
CREATE INDEX batch_planned ON batch (message, channel, number)
    WHERE epoch IS NULL AND announced_at IS NOT NULL AND planned > 0;
CREATE INDEX batch_due ON batch (message, channel, due)
    WHERE epoch IS NULL AND announced_at IS NOT NULL AND deferred > 0;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(STATEMENTS)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
