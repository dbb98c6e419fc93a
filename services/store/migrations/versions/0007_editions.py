"""Newsletters with their editions, and a newsfeed as files: addresses that can be revoked, verification, WebSub.

Only adds: a version before this one works on.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = """
-- newsletters ---------------------------------------------------------------------------------------------------

CREATE TABLE newsletter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,        -- for life: editions are keyed by it, whatever its name
    slug text NOT NULL UNIQUE,                                 -- as people call it; may change
    list_id text NOT NULL UNIQUE,                              -- its first slug: the List-Id (RFC 2919) never changes
    incident text NOT NULL UNIQUE REFERENCES incident,         -- the series that its messages belong to
    definition jsonb NOT NULL,                                 -- services.domain.newsletters.Newsletter
    begins date NOT NULL,                                      -- the first local date that is decided
    hash text NOT NULL,                                        -- what a standing approval is bound to
    written_by bigint NOT NULL REFERENCES users,               -- of this definition
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    paused_at timestamptz,
    paused_until timestamptz,                                  -- null: until it is resumed
    paused_reason text NOT NULL DEFAULT ''
);

CREATE TABLE newsletter_approval (                             -- standing, for the automatic part; only ever revoked
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    newsletter bigint NOT NULL REFERENCES newsletter,
    hash text NOT NULL,
    approved_by bigint NOT NULL REFERENCES users,
    approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_by bigint REFERENCES users,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX newsletter_approval_in_force ON newsletter_approval (newsletter) WHERE revoked_at IS NULL;

CREATE TABLE edition (                                         -- one decision for each newsletter and local date
    newsletter bigint NOT NULL REFERENCES newsletter,
    date date NOT NULL,
    decision text NOT NULL,                                    -- services.domain.editions.Decision
    due timestamptz NOT NULL,                                  -- when it was to go out
    decided_at timestamptz NOT NULL,
    decided_by bigint REFERENCES users,                        -- null: the clock
    late boolean NOT NULL DEFAULT false,
    reason text NOT NULL DEFAULT '',
    number integer,                                            -- of those that are made, from 1
    message_id uuid UNIQUE,                                    -- the message that it is, at whatever revision
    content jsonb,                                             -- services.domain.editions.EditionContent
    taken_up_at timestamptz,                                   -- when editorial made a message of it
    told_at timestamptz,                                       -- when users were told that it was missed
    PRIMARY KEY (newsletter, date),
    CHECK ((message_id IS NULL) = (content IS NULL))
);
CREATE INDEX edition_waiting ON edition (decided_at) WHERE message_id IS NOT NULL AND taken_up_at IS NULL;

CREATE TABLE edition_item (                                    -- which messages an edition tells an audience of
    newsletter bigint NOT NULL,
    date date NOT NULL,
    message bigint NOT NULL REFERENCES message,
    audience text NOT NULL,
    withdrawn boolean NOT NULL DEFAULT false,                  -- it tells that this message was withdrawn
    PRIMARY KEY (newsletter, date, message, audience),
    FOREIGN KEY (newsletter, date) REFERENCES edition
);
CREATE INDEX edition_item_message ON edition_item (message, newsletter);

CREATE TABLE editorial (                                       -- what the cell writes above an edition; the last counts
    newsletter bigint NOT NULL REFERENCES newsletter,
    date date NOT NULL,
    version integer NOT NULL,                                  -- all are kept: who wrote one is an author
    content jsonb,                                             -- services.domain.editions.Editorial; null: taken out
    written_by bigint NOT NULL REFERENCES users,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (newsletter, date, version)
);

ALTER TABLE approval DROP CONSTRAINT approval_act_check;
ALTER TABLE approval ADD CONSTRAINT approval_act_check CHECK (act IN
    ('approve', 'break-glass', 'holding', 'standing', 'confirm', 'dispute', 'reject', 'take-back', 'withdraw'));

CREATE TABLE skipped_date (                                    -- dates that a person said to skip, ahead of time
    newsletter bigint NOT NULL REFERENCES newsletter,
    date date NOT NULL,
    reason text NOT NULL DEFAULT '',
    said_by bigint REFERENCES users,
    said_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (newsletter, date)
);

CREATE TABLE unsubscription (                                  -- of a newsletter, never of urgent messages
    newsletter bigint NOT NULL REFERENCES newsletter,
    contact bigint NOT NULL REFERENCES contact,
    how text NOT NULL CHECK (how IN ('one-click', 'page', 'operator')),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (newsletter, contact)
);

ALTER TABLE contact ADD COLUMN chosen_language text;           -- the reader's own choice, over what the file says

-- the newsfeed --------------------------------------------------------------------------------------------------

ALTER TABLE feed_entry ADD COLUMN entry_id text;               -- a tag: URI, for life; null: urn:uuid
ALTER TABLE feed_entry ADD COLUMN changed_in xid8 NOT NULL DEFAULT pg_current_xact_id();  -- the transaction: by it
CREATE INDEX feed_entry_changed ON feed_entry (changed_in);    -- `public` finds what it has not seen (docs/newsfeed.md)

CREATE TABLE feed_token (                                      -- addresses given to somebody, shown once
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    audience text NOT NULL,
    name text NOT NULL,                                        -- whose it is
    hash bytea NOT NULL UNIQUE,                                -- SHA-256 of the token
    created_by bigint REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_by bigint REFERENCES users,
    revoked_at timestamptz
);

CREATE FUNCTION feed_entry_changes() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.changed_in = pg_current_xact_id(); RETURN NEW; END $$;
CREATE TRIGGER feed_entry_changes BEFORE UPDATE ON feed_entry FOR EACH ROW EXECUTE FUNCTION feed_entry_changes();

CREATE FUNCTION incident_shows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
        UPDATE feed_entry e SET changed_in = pg_current_xact_id() FROM message m
        WHERE m.number = e.message AND m.incident = NEW.slug;
        RETURN NULL;
    END $$;
CREATE TRIGGER incident_shows AFTER UPDATE OF title, type ON incident FOR EACH ROW
    WHEN (OLD.title IS DISTINCT FROM NEW.title OR OLD.type IS DISTINCT FROM NEW.type) EXECUTE FUNCTION incident_shows();

CREATE FUNCTION feeds_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NOTIFY roeland_feeds; RETURN NULL; END $$;
CREATE TRIGGER feed_entry_tells AFTER INSERT OR UPDATE OR DELETE ON feed_entry EXECUTE FUNCTION feeds_change();
CREATE TRIGGER feed_tells AFTER INSERT OR UPDATE OR DELETE ON feed EXECUTE FUNCTION feeds_change();
CREATE TRIGGER feed_token_tells AFTER INSERT OR UPDATE OR DELETE ON feed_token EXECUTE FUNCTION feeds_change();

CREATE TABLE verification (                                    -- the code in mails and SMS, with what it stands for
    code text PRIMARY KEY,
    message bigint NOT NULL REFERENCES message,
    audience text NOT NULL,
    UNIQUE (message, audience)
);

CREATE TABLE websub_subscription (                             -- W3C WebSub: who hears of a topic at once
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,                                       -- the path of a feed, without a token
    callback text NOT NULL,                                    -- where it is called; may hold the subscriber's secret
    host text NOT NULL,                                        -- of the callback
    secret text,                                               -- signs what it is sent; in clear, as an HMAC needs it
    sealed bytea,                                              -- its token of a closed feed, under our signing keys
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    verified_at timestamptz NOT NULL,
    lease_until timestamptz NOT NULL,
    etag text,                                                 -- of what it has
    wanted text,                                               -- of what it is to have
    wanted_at timestamptz,                                     -- when that last changed
    due timestamptz,                                           -- when it is called next; null: it has all
    claim integer NOT NULL DEFAULT 0,                          -- calls so far: only the latest says what came of it
    calling_until timestamptz,                                 -- while it is being called
    slow boolean NOT NULL DEFAULT true,                        -- not reached yet, or not fast: comes after the others
    tries integer NOT NULL DEFAULT 0,                          -- that failed, in a row
    tried_at timestamptz,
    failing_since timestamptz,
    delivered_at timestamptz,
    ending text,                                               -- why it ends, until the subscriber was told
    UNIQUE (topic, callback)
);
CREATE INDEX websub_subscription_due ON websub_subscription (due) WHERE due IS NOT NULL;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(STATEMENTS)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
