"""Who knows: recipients by selection, confirmations and replies, what escalates, and what falls back to mail.

Only adds: a version before this one works on.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = """
-- whom --------------------------------------------------------------------------------------------------------------

CREATE TABLE contact_group (                                   -- a selection with a name
    slug text PRIMARY KEY,
    title text NOT NULL DEFAULT '',
    selection text NOT NULL,                                   -- services.domain.recipient_query, in its one form
    written_by bigint REFERENCES users,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_at timestamptz
);

CREATE TABLE contact_deputy (                                  -- who stands in for a contact's function, in order
    contact bigint NOT NULL REFERENCES contact,
    deputy bigint NOT NULL REFERENCES contact,
    place smallint NOT NULL,
    PRIMARY KEY (contact, deputy),
    CHECK (contact <> deputy)
);

CREATE TABLE opt_out (                                         -- numbers that asked for no more SMS
    number text PRIMARY KEY,                                   -- E.164
    via text NOT NULL,                                         -- reply, provider, operator
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    told_at timestamptz                                        -- when the cell was told
);

-- who knows ---------------------------------------------------------------------------------------------------------

ALTER TABLE message ADD COLUMN confirm_minutes integer;        -- from release to the deadline; null: not asked

CREATE TABLE confirmation (                                    -- they know; the first counts and stays
    message bigint NOT NULL REFERENCES message,
    contact bigint NOT NULL REFERENCES contact,
    how text NOT NULL CHECK (how IN ('reply', 'page', 'telephone', 'operator')),
    sequence integer,                                          -- the delivery that they answered; null: by telephone
    by_user bigint REFERENCES users,                           -- who called them, or said so
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (message, contact)
);

CREATE TABLE reply (                                           -- what came in by SMS; never in Kafka, never in a log
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider text NOT NULL,
    provider_id text NOT NULL,                                 -- the provider's, so that a replay is the same reply
    number text,                                               -- who sent it; null once erased
    message bigint REFERENCES message,                         -- what it most likely answers; null: an unknown number
    sequence integer,
    kind text NOT NULL CHECK (kind IN ('confirmation', 'stop', 'start', 'help', 'other')),
    text text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (provider, provider_id)
);
CREATE INDEX reply_message ON reply (message, id);

-- By this a reply finds what it answers. The column does not change while anything is sent, so updates stay HOT.
CREATE INDEX delivery_address ON delivery (address) WHERE address IS NOT NULL;

-- what goes out beyond the plan -------------------------------------------------------------------------------------

CREATE TABLE addition (                                        -- a delivery that was added after the proof, once each
    message bigint NOT NULL REFERENCES message,
    origin text NOT NULL,                                      -- fallback, second-channel, deputy
    contact bigint NOT NULL REFERENCES contact,                -- whose copy failed, or who did not confirm
    recipient bigint NOT NULL REFERENCES contact,              -- who gets it: the contact, or a deputy
    channel text NOT NULL,
    reason text NOT NULL DEFAULT '',                           -- a short word of the ledger's
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (message, origin, contact, recipient, channel)
);
CREATE INDEX addition_recipient ON addition (message, recipient);

CREATE TABLE escalation (                                      -- a step that was taken; each once
    message bigint NOT NULL REFERENCES message,
    step smallint NOT NULL,                                    -- from 1, in the order of `steps`
    act text NOT NULL,                                         -- second-channel, deputy, telephone
    contacts integer NOT NULL,                                 -- for so many who had not confirmed
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (message, step)
);

CREATE TABLE call (                                            -- somebody whom the person on duty is to telephone
    message bigint NOT NULL REFERENCES message,
    contact bigint NOT NULL REFERENCES contact,
    listed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome text CHECK (outcome IN ('reached', 'no-answer', 'wrong-number')),
    called_by bigint REFERENCES users,
    called_at timestamptz,
    PRIMARY KEY (message, contact)
);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(STATEMENTS)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
