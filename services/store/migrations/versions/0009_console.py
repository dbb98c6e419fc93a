"""The console and its API: sessions and local accounts, keys, drafts, events from outside, webhooks.

Only adds: a version before this one works on.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

DOORS = """
ALTER TABLE command ADD COLUMN vouched_user bigint REFERENCES users;  -- whom a door of ours knew when it was given
ALTER TABLE command ADD COLUMN vouched_by text;                       -- and by what: "session 12", "key 3"

CREATE TABLE session (                                         -- somebody who is signed in at the console
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token bytea NOT NULL UNIQUE,                               -- SHA-256 of the cookie's value
    user_id bigint NOT NULL REFERENCES users,
    how text NOT NULL CHECK (how IN ('oidc', 'password')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),    -- to the minute
    proved_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- when they last proved who they are
    ended_at timestamptz
);
CREATE INDEX session_of_user ON session (user_id) WHERE ended_at IS NULL;
"""

KEYS = """
CREATE TABLE api_key (                                         -- for programs: a person's own, or an outside system's
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    token bytea NOT NULL UNIQUE,                               -- SHA-256 of the token
    user_id bigint REFERENCES users,                           -- who acts by it; null: an outside system
    scopes text[] NOT NULL,
    created_by bigint REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    last_used_at timestamptz,                                  -- to the minute
    revoked_at timestamptz
);
"""

DRAFTS = """
CREATE TABLE draft (                                           -- what somebody is writing; kept at each pause in typing
    id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 1,                        -- what two people wrote at once is shown, never lost
    content jsonb NOT NULL,                                    -- the form as it stands; need not be a valid message yet
    created_by bigint NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by bigint NOT NULL REFERENCES users,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    message uuid,                                              -- what became of it
    removed_at timestamptz
);
"""

CALLBACKS = """
CREATE TABLE callback (                                        -- what a flood of callbacks said, until it is merged
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message bigint NOT NULL,
    batch integer NOT NULL,                                    -- where the delivery is: merging goes batch by batch
    sequence integer NOT NULL,
    state smallint NOT NULL,
    code smallint,
    reason text,
    provider_id text,
    at timestamptz
);
CREATE INDEX callback_batch ON callback (message, batch);
"""

STATEMENTS = (DOORS, KEYS, DRAFTS, CALLBACKS)


def upgrade() -> None:
    for each in STATEMENTS:
        op.get_bind().exec_driver_sql(each)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
