"""From draft to release: incidents with their history and facts, revisions and approvals, steps of release, duty.

Only adds, but for one constraint that lets a message have one more state: a version before this one works on.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = """
-- who acts, and is told -----------------------------------------------------------------------------------------------

ALTER TABLE users ADD COLUMN mobile text;                      -- E.164
ALTER TABLE contact ADD COLUMN user_id bigint UNIQUE REFERENCES users;  -- a user whom notices go to; in no audience

CREATE TABLE duty_shift (                                      -- the latest that holds now is in force
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    users bigint[] NOT NULL CHECK (cardinality(users) > 0),    -- in the order in which they are called
    from_at timestamptz NOT NULL,
    until_at timestamptz,
    set_by bigint REFERENCES users,
    set_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE duty_call (                                       -- who was told that a message waits
    message bigint NOT NULL REFERENCES message,
    place smallint NOT NULL,
    user_id bigint NOT NULL REFERENCES users,
    called_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (message, place)
);

-- incidents -----------------------------------------------------------------------------------------------------------

ALTER TABLE incident
    ADD COLUMN type text,
    ADD COLUMN level text,                                     -- municipal, provincial, federal (KB 22 mei 2019)
    ADD COLUMN entity text,                                    -- the entity concerned
    ADD COLUMN spoc text;                                      -- its single point of contact, as people call them
ALTER TABLE incident ADD CONSTRAINT incident_exercise UNIQUE (slug, exercise);

CREATE TABLE incident_history (                                -- append-only
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident text NOT NULL REFERENCES incident,
    what text NOT NULL CHECK (what IN ('opened', 'phase', 'level', 'closed', 'reopened')),
    value text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    by_user bigint REFERENCES users,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX incident_history_incident ON incident_history (incident, id);

CREATE TABLE incident_participant (                            -- of an exercise: nobody else gets its messages
    incident text NOT NULL REFERENCES incident,
    contact bigint NOT NULL REFERENCES contact,
    PRIMARY KEY (incident, contact)
);

CREATE TABLE fact (                                            -- append-only: a change is a new version
    incident text NOT NULL REFERENCES incident,
    key text NOT NULL,
    version integer NOT NULL,
    status text NOT NULL CHECK (status IN ('confirmed', 'unconfirmed', 'withdrawn')),
    statements jsonb NOT NULL,                                 -- text by language
    literals jsonb NOT NULL DEFAULT '{}',                      -- value by name: times, numbers, names of services
    source text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',                           -- why it was changed or withdrawn
    by_user bigint REFERENCES users,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (incident, key, version)
);

CREATE FUNCTION incident_record_stands() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only'; END $$;
CREATE TRIGGER fact_stands BEFORE UPDATE OR DELETE ON fact FOR EACH ROW EXECUTE FUNCTION incident_record_stands();
CREATE TRIGGER history_stands BEFORE UPDATE OR DELETE ON incident_history
    FOR EACH ROW EXECUTE FUNCTION incident_record_stands();

CREATE TABLE message_fact (                                    -- which version of a fact a message stated
    message bigint NOT NULL REFERENCES message,
    key text NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (message, key)
);

CREATE TABLE holding (                                         -- a playbook's entry, approved beforehand
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    playbook text NOT NULL,
    entry text NOT NULL,
    hash text NOT NULL,
    content jsonb NOT NULL,                                    -- the entry as approved, with its holes and their limits
    approved_by bigint NOT NULL REFERENCES users,
    approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_by bigint REFERENCES users,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX holding_in_force ON holding (playbook, entry) WHERE revoked_at IS NULL;

-- messages ------------------------------------------------------------------------------------------------------------

ALTER TABLE message
    ADD COLUMN issued_at timestamptz,                          -- the moment that its text speaks of
    ADD COLUMN proof_hash text,                                -- of all that an approval is bound to
    ADD COLUMN contacts_hash text,                             -- of the ids of the contacts in its plan
    ADD COLUMN rendered_with text,                             -- version of templates and configuration
    ADD COLUMN release_at timestamptz,                         -- not before
    ADD COLUMN withdrawn_at timestamptz,
    ADD COLUMN holding bigint REFERENCES holding;
ALTER TABLE message DROP CONSTRAINT message_state_check;
ALTER TABLE message ADD CONSTRAINT message_state_check CHECK (state IN
    ('submitted', 'proofed', 'approved', 'released', 'stopped', 'rejected', 'expired', 'withdrawn', 'replaced'));
CREATE UNIQUE INDEX message_released_once ON message (id) WHERE released_at IS NOT NULL;
ALTER TABLE message ADD CONSTRAINT message_exercise FOREIGN KEY (incident, exercise)
    REFERENCES incident (slug, exercise);

CREATE TABLE approval (                                        -- what people decided about a revision
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message bigint NOT NULL REFERENCES message,
    user_id bigint NOT NULL REFERENCES users,
    act text NOT NULL CHECK (act IN
        ('approve', 'break-glass', 'holding', 'confirm', 'dispute', 'reject', 'take-back', 'withdraw')),
    proof_hash text NOT NULL,
    reason text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    taken_back_at timestamptz
);
CREATE UNIQUE INDEX approval_once ON approval (message, user_id) WHERE act = 'approve' AND taken_back_at IS NULL;

CREATE TABLE release_step (                                    -- of a message that goes out in an order
    message bigint NOT NULL REFERENCES message,
    step smallint NOT NULL,                                    -- from 0
    audiences text[],                                          -- null: all
    channels text[],                                           -- null: all
    after_seconds integer NOT NULL DEFAULT 0,                  -- since the step before opened
    share real CHECK (share > 0 AND share <= 1),               -- accepted of the step before
    at_most_seconds integer,                                   -- so long `share` is waited for
    opened_at timestamptz,
    clock_from timestamptz,                                    -- opened_at, moved on by the time in which it was paused
    opened_by text,                                            -- delay, share, at-most, empty, release
    PRIMARY KEY (message, step)
);
CREATE INDEX release_step_waiting ON release_step (message) WHERE opened_at IS NULL;

CREATE TABLE thread (                                          -- which mail a correction's mail answers
    message bigint NOT NULL,
    sequence integer NOT NULL,
    depth smallint NOT NULL,                                   -- 1: what it corrects, 2: what that one corrected …
    earlier bigint NOT NULL,
    earlier_sequence integer NOT NULL,
    PRIMARY KEY (message, sequence, depth)
);

ALTER TABLE feed_entry ADD COLUMN withdrawn_at timestamptz;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(STATEMENTS)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
