"""The ground: people, incidents, messages, the plan and its ledger, and what carries events and commands.

The ledger (`delivery`) is narrow and indexed by its key alone, so that claim and settle stay HOT updates. What is
searched for (open, due, owned by whom, how many) is asked of `batch`.
"""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = """
-- people ------------------------------------------------------------------------------------------------------------

CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email)),
    roles text[] NOT NULL,
    public_key bytea CHECK (length(public_key) = 32),          -- Ed25519, raw
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
);

CREATE TABLE audit (                                           -- append-only
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor bigint REFERENCES users,                             -- null: the system, or the right to the database
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_subject ON audit (subject, id);

CREATE TABLE contact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    external_id text NOT NULL UNIQUE,
    name text NOT NULL,
    organisation text NOT NULL DEFAULT '',
    role text NOT NULL DEFAULT '',
    municipality text,
    province text,
    language text NOT NULL DEFAULT 'nl',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz
);
CREATE INDEX contact_updated ON contact (updated_at);          -- asked at release: who changed since the proof

CREATE TABLE contact_audience (
    audience text NOT NULL,
    contact bigint NOT NULL REFERENCES contact,
    PRIMARY KEY (audience, contact)
);
CREATE INDEX contact_audience_contact ON contact_audience (contact);

CREATE TABLE address (                                         -- immutable versions: a change makes a new row
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact bigint NOT NULL REFERENCES contact,
    channel text NOT NULL CHECK (channel IN ('mail', 'sms')),
    value text,                                                -- null once erased
    current boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX address_current ON address (contact, channel) WHERE current;

-- messages ----------------------------------------------------------------------------------------------------------

CREATE TABLE incident (
    slug text PRIMARY KEY,
    title text NOT NULL,
    phase text NOT NULL,
    exercise boolean NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz
);

CREATE TABLE message (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,    -- the ledger's key
    id uuid NOT NULL,                                          -- what people and other systems see
    revision integer NOT NULL DEFAULT 1,
    incident text NOT NULL REFERENCES incident,
    kind text NOT NULL,
    lane text NOT NULL CHECK (lane IN ('urgent', 'routine')),
    priority smallint NOT NULL,
    phase text NOT NULL,
    exercise boolean NOT NULL,
    content jsonb NOT NULL,
    content_hash text NOT NULL,
    corrects bigint REFERENCES message,
    state text NOT NULL CHECK (state IN
        ('submitted', 'proofed', 'approved', 'released', 'stopped', 'rejected', 'expired', 'withdrawn')),
    open_step smallint NOT NULL DEFAULT 0,
    recipients integer NOT NULL DEFAULT 0,                     -- distinct contacts
    findings jsonb NOT NULL DEFAULT '[]',
    submitted_by bigint NOT NULL REFERENCES users,
    approved_by bigint REFERENCES users,
    submitted_at timestamptz NOT NULL DEFAULT now(),
    proofed_at timestamptz,
    approved_at timestamptz,
    released_at timestamptz,
    paused_at timestamptz,
    stopped_at timestamptz,
    next_update_at timestamptz,
    expires_at timestamptz,
    UNIQUE (id, revision)
);
CREATE INDEX message_incident ON message (incident, number);
CREATE INDEX message_content ON message (content_hash);
CREATE INDEX message_corrects ON message (corrects) WHERE corrects IS NOT NULL;

CREATE TABLE variant (
    message bigint NOT NULL REFERENCES message,
    number smallint NOT NULL,
    audience text NOT NULL,
    language text NOT NULL,
    segment text NOT NULL DEFAULT '',
    channel text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    html text NOT NULL,
    PRIMARY KEY (message, number),
    UNIQUE (message, audience, language, segment, channel)
);

-- the plan and its ledger -------------------------------------------------------------------------------------------

CREATE TABLE delivery (                                        -- no foreign keys: written by the million
    message bigint NOT NULL,
    sequence integer NOT NULL,
    contact bigint,                                            -- null: a feed
    address bigint,                                            -- the version pinned; null: none
    epoch bigint,                                              -- whose claim
    accepted_at timestamptz,
    variant smallint NOT NULL,
    state smallint NOT NULL DEFAULT 0,                         -- services.domain.states.State
    step smallint NOT NULL DEFAULT 0,
    attempt smallint NOT NULL DEFAULT 0,
    doubts smallint NOT NULL DEFAULT 0,                        -- attempts whose fate is not known
    contacts integer NOT NULL DEFAULT 1,                       -- how many it stands for (equal addresses)
    again boolean NOT NULL DEFAULT false,                      -- handed over a second time after a doubt
    code smallint,                                             -- the relay's reply, or the HTTP status
    reason text,                                               -- a short word, never an address
    provider_id text,
    PRIMARY KEY (message, sequence)
) WITH (fillfactor = 60);

CREATE TABLE shared_delivery (                                 -- contacts for whom another's delivery stands
    message bigint NOT NULL,
    contact bigint NOT NULL,
    sequence integer NOT NULL,
    PRIMARY KEY (message, sequence, contact)
);

CREATE TABLE batch (
    message bigint NOT NULL REFERENCES message,
    number integer NOT NULL,
    channel text NOT NULL,
    lane text NOT NULL,
    priority smallint NOT NULL,
    step smallint NOT NULL DEFAULT 0,
    first_sequence integer NOT NULL,
    last_sequence integer NOT NULL,
    origin text NOT NULL DEFAULT 'plan',
    epoch bigint,                                              -- the worker that holds it
    due timestamptz,                                           -- when what is deferred may be tried again
    announcements smallint NOT NULL DEFAULT 0,
    announced_at timestamptz,
    claimed_at timestamptz,
    version bigint NOT NULL DEFAULT 0,
    planned integer NOT NULL DEFAULT 0,                        -- contacts by state
    deferred integer NOT NULL DEFAULT 0,
    claimed integer NOT NULL DEFAULT 0,
    superseded integer NOT NULL DEFAULT 0,
    expired integer NOT NULL DEFAULT 0,
    suppressed integer NOT NULL DEFAULT 0,
    unknown integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    accepted integer NOT NULL DEFAULT 0,
    bounced integer NOT NULL DEFAULT 0,
    delivered integer NOT NULL DEFAULT 0,
    possible_duplicates integer NOT NULL DEFAULT 0,            -- deliveries
    first_accepted_at timestamptz,
    last_accepted_at timestamptz,
    PRIMARY KEY (message, number)
) WITH (fillfactor = 50);
CREATE INDEX batch_open ON batch (message, number) WHERE planned + deferred + claimed > 0;
CREATE INDEX batch_claimable ON batch (channel, priority, message, number)
    WHERE epoch IS NULL AND announced_at IS NOT NULL AND planned + deferred > 0;
CREATE INDEX batch_held ON batch (epoch) WHERE epoch IS NOT NULL;

CREATE TABLE attempt (                                         -- append-only: what is not a plain acceptance
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message bigint NOT NULL,
    sequence integer NOT NULL,
    attempt smallint NOT NULL,
    epoch bigint,
    state smallint NOT NULL,
    code smallint,
    reason text,
    provider_id text,
    late boolean NOT NULL DEFAULT false,                       -- its claim had been taken over, or none was needed
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX attempt_delivery ON attempt (message, sequence);

CREATE TABLE worker (                                          -- an epoch is one life of one worker
    epoch bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service text NOT NULL,
    beat bigint NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE INDEX worker_living ON worker (service) WHERE ended_at IS NULL;

-- the newsfeed ------------------------------------------------------------------------------------------------------

CREATE TABLE feed (
    audience text PRIMARY KEY,
    generation integer NOT NULL DEFAULT 1                      -- one more revokes every address of this feed
);

CREATE TABLE feed_entry (
    message bigint NOT NULL REFERENCES message,
    audience text NOT NULL,
    language text NOT NULL,
    title text NOT NULL,
    summary text NOT NULL,
    html text NOT NULL,
    published_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (message, audience)
);
CREATE INDEX feed_entry_recent ON feed_entry (audience, published_at DESC);

-- what the stream processor finds; all of it can be made anew ---------------------------------------------------------

CREATE TABLE progress (
    message bigint NOT NULL,
    channel text NOT NULL,
    rate double precision NOT NULL,                            -- contacts settled per second, over the window
    remaining integer NOT NULL,
    failure_share double precision NOT NULL,
    completes_at timestamptz,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (message, channel)
);

CREATE TABLE alarm (
    kind text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    raised_at timestamptz NOT NULL,
    cleared_at timestamptz,
    PRIMARY KEY (kind, subject)
);

-- what carries events and commands ----------------------------------------------------------------------------------

CREATE TABLE command (
    id uuid PRIMARY KEY,
    hash bytea NOT NULL,
    body jsonb NOT NULL,
    given_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz NOT NULL DEFAULT now(),
    answer jsonb,
    answered_at timestamptz
);
CREATE INDEX command_open ON command (published_at) WHERE answer IS NULL;

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,                                       -- without prefix
    key text NOT NULL,
    event jsonb NOT NULL
);

CREATE TABLE outbox_key (                                      -- locked by whoever writes for a key, until it commits
    topic text NOT NULL,
    key text NOT NULL,
    PRIMARY KEY (topic, key)
);

CREATE TABLE inbox (
    consumer text NOT NULL,
    id text NOT NULL,
    hash bytea NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, id)
);
CREATE INDEX inbox_age ON inbox (handled_at);

CREATE TABLE timer (
    kind text NOT NULL,
    subject text NOT NULL,
    occurrence text NOT NULL,
    due timestamptz NOT NULL,
    fired_at timestamptz,
    PRIMARY KEY (kind, subject, occurrence)
);
CREATE INDEX timer_due ON timer (kind, due) WHERE fired_at IS NULL;

CREATE TABLE dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    reason text NOT NULL,
    key bytea,
    value bytea,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    replayed_at timestamptz
);
CREATE INDEX dead_letter_place ON dead_letter (topic, partition, "offset");

CREATE TABLE secret_key (                                      -- for tokens, when ROELAND_SECRET_KEYS is unset
    id text PRIMARY KEY,
    value bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sms_sender (                                      -- one token bucket for all workers
    sender text PRIMARY KEY,
    next_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(STATEMENTS)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
