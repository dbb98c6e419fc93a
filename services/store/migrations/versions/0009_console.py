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
    how text NOT NULL CHECK (how IN ('oidc', 'password', 'password-alone')),  -- password: and a second step
    at_provider text,                                          -- OpenID: `sid` of the session there
    id_token text,                                             -- OpenID: what signing out there asks for
    agent text NOT NULL DEFAULT '',                            -- the browser, in its own words
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),    -- to the minute
    proved_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- when they last proved who they are
    ended_at timestamptz
);
CREATE INDEX session_of_user ON session (user_id) WHERE ended_at IS NULL;
CREATE INDEX session_at_provider ON session (at_provider) WHERE at_provider IS NOT NULL AND ended_at IS NULL;

CREATE TABLE account (                                         -- how a user proves who they are
    user_id bigint PRIMARY KEY REFERENCES users,
    password text,                                             -- argon2id, with its parameters
    password_at timestamptz,
    second bytea,                                              -- the secret of their app (TOTP), encrypted
    second_at timestamptz,
    second_step bigint NOT NULL DEFAULT 0,                     -- the last half minute whose code was used
    second_offered bytea,                                      -- shown, and not confirmed yet; encrypted
    issuer text,                                               -- of the OpenID provider, and who they are there
    subject text,
    UNIQUE (issuer, subject)
);
CREATE TABLE recovery_code (                                   -- for who lost the device with their app
    user_id bigint NOT NULL REFERENCES users,
    code bytea NOT NULL,                                       -- its HMAC
    used_at timestamptz,
    PRIMARY KEY (user_id, code)
);
CREATE TABLE one_time_link (                                   -- for who cannot sign in yet
    token bytea PRIMARY KEY,                                   -- SHA-256
    user_id bigint REFERENCES users,                           -- null: makes the first administrator
    anew boolean NOT NULL DEFAULT false,                       -- also forgets their app and recovery codes
    created_by bigint REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE TABLE sign_in_guard (                                   -- how often signing in failed under a name
    name text PRIMARY KEY,                                     -- hashed: nobody's address is in here
    failures integer NOT NULL,
    failed_at timestamptz NOT NULL,
    wait_until timestamptz NOT NULL
);
CREATE TABLE known_device (                                    -- a browser in which this user signed in before
    token bytea PRIMARY KEY,                                   -- SHA-256 of its cookie
    user_id bigint NOT NULL REFERENCES users,
    used_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
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

API = """
CREATE TABLE api_request (                                     -- what an Idempotency-Key was used for; kept for a day
    user_id bigint NOT NULL REFERENCES users,
    key text NOT NULL,
    fingerprint bytea NOT NULL,                                -- SHA-256 of method, path, query and body
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    status integer,                                            -- null: it is not answered
    headers jsonb,
    body bytea,                                                -- sealed: in some there is a secret
    PRIMARY KEY (user_id, key)
);
CREATE INDEX api_request_by_age ON api_request (began_at);
"""

GLASS = """
CREATE TABLE glass_at_proof (                                  -- to be released alone as soon as it is proofed
    message bigint PRIMARY KEY REFERENCES message,
    user_id bigint NOT NULL REFERENCES users,
    confirmed integer NOT NULL,                                -- recipients; for any other number it waits
    reason text NOT NULL
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

EVENTS = """
CREATE TABLE event_source (                                    -- an outside system that may send events
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    token bytea UNIQUE,                                        -- SHA-256 of its bearer token, or
    secret bytea,                                              -- the secret it signs with, sealed (runtime/sealing.py)
    types text[] NOT NULL,                                     -- globs of the event types that it may send
    prefix text NOT NULL DEFAULT '',                           -- what the events' attribute `source` begins with
    created_by bigint REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    last_used_at timestamptz,                                  -- to the minute
    revoked_at timestamptz,
    CHECK ((token IS NULL) <> (secret IS NULL))
);

CREATE TABLE outside_event (                                   -- a CloudEvent that was taken, and what became of it
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sender bigint NOT NULL REFERENCES event_source,
    source text NOT NULL,
    id text NOT NULL,
    type text NOT NULL,
    digest bytea NOT NULL,                                     -- SHA-256 of the event: the same id is the same event
    body jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'ignored', 'failed')),
    handled_at timestamptz,
    rule text,                                                 -- of the mapping
    thread bigint,                                             -- event_thread: the draft or report that it came to
    problem text,                                              -- why it failed
    UNIQUE (source, id)
);
CREATE INDEX outside_event_waiting ON outside_event (number) WHERE state = 'waiting';
CREATE INDEX outside_event_failed ON outside_event (number) WHERE state = 'failed';
CREATE INDEX outside_event_thread ON outside_event (thread) WHERE thread IS NOT NULL;
CREATE INDEX outside_event_received ON outside_event (received_at);

CREATE TABLE event_thread (                                    -- events that belong together, and what they came to
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    correlation text NOT NULL,
    title text NOT NULL,
    sender bigint NOT NULL REFERENCES event_source,
    draft uuid REFERENCES draft,                               -- or a report:
    incident text REFERENCES incident,
    events integer NOT NULL DEFAULT 1,
    first_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),   -- when the last of them was written in the history
    CHECK ((draft IS NULL) <> (incident IS NULL))
);
CREATE INDEX event_thread_correlation ON event_thread (correlation, id);

-- 'reported' too, from now on; a narrower list in its place would ask more of an earlier version than it knows.
ALTER TABLE incident_history DROP CONSTRAINT incident_history_what_check;
"""

BLASTS = """
CREATE TABLE prepared_blast (                                  -- an SMS to many, filled in, before it is confirmed
    id uuid PRIMARY KEY,                                       -- the message's, once it is sent
    user_id bigint NOT NULL REFERENCES users,                  -- nobody else sees it
    form jsonb NOT NULL,                                       -- the fields as they were filled in
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()     -- a day later it is gone
);
"""

WEBHOOKS = """
CREATE TABLE webhook (                                         -- an outside system that is told
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    url text NOT NULL,                                         -- may hold a secret of theirs: never logged
    secret bytea NOT NULL,                                     -- what we sign with, sealed (runtime/sealing.py)
    events text[] NOT NULL,
    closed_titles boolean NOT NULL DEFAULT false,              -- it may have titles of messages that are not public
    created_by bigint REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    failing_since timestamptz,                                 -- nothing was taken since
    disabled_at timestamptz,
    disabled_why text,
    removed_at timestamptz
);

CREATE TABLE webhook_delivery (                                -- one event for one of them
    id uuid PRIMARY KEY,                                       -- the same in each try
    webhook bigint NOT NULL REFERENCES webhook,
    event text NOT NULL,
    message bigint REFERENCES message,                         -- null: a test
    payload text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    tries integer NOT NULL DEFAULT 0,                          -- of the schedule
    attempts integer NOT NULL DEFAULT 0,                       -- in all
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),     -- no try before; while one is made: when it is given up
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    UNIQUE (webhook, message, event)
);
CREATE INDEX webhook_delivery_created ON webhook_delivery (created_at);

CREATE TABLE webhook_attempt (                                 -- a try, and what came of it
    delivery uuid NOT NULL REFERENCES webhook_delivery ON DELETE CASCADE,
    number integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    status integer,
    problem text,
    answer text,                                               -- its beginning
    PRIMARY KEY (delivery, number)
);

CREATE INDEX message_released ON message (released_at) WHERE released_at IS NOT NULL;
"""

PEOPLE = """
CREATE TABLE contact_upload (                                  -- a list that somebody looks at before it is imported
    id uuid PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users,                  -- nobody else sees it
    name text NOT NULL,
    content bytea,                                             -- null once it was imported; a day later the row goes
    digest text NOT NULL,                                      -- of the differences: these are imported, or none
    told jsonb NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_at timestamptz
);
CREATE TABLE contact_upload_difference (
    upload uuid NOT NULL REFERENCES contact_upload ON DELETE CASCADE,
    place integer NOT NULL,
    external_id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    PRIMARY KEY (upload, place)
);
ALTER TABLE contact ADD COLUMN sought text COLLATE "C"         -- what people look for them by, in small letters
    GENERATED ALWAYS AS (lower(name || ' ' || organisation || ' ' || role || ' ' || coalesce(municipality, '') || ' '
        || coalesce(province, '') || ' ' || external_id)) STORED;
CREATE INDEX contact_by_name ON contact (lower(name), id) WHERE removed_at IS NULL AND user_id IS NULL;

ALTER TABLE address ADD COLUMN ended_at timestamptz;           -- since when it is not the contact's any more
CREATE FUNCTION address_ends() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.ended_at := clock_timestamp(); RETURN NEW; END $$;
CREATE TRIGGER address_ends BEFORE UPDATE OF current ON address FOR EACH ROW
    WHEN (OLD.current AND NOT NEW.current) EXECUTE FUNCTION address_ends();
"""

STATEMENTS = (DOORS, KEYS, DRAFTS, CALLBACKS, EVENTS, BLASTS, API, WEBHOOKS, GLASS, PEOPLE)


def upgrade() -> None:
    for each in STATEMENTS:
        op.get_bind().exec_driver_sql(each)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
