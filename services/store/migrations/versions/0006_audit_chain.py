"""The audit is append-only, and each of its rows a link of a chain of hashes, made at commit (docs/audit.md).

Only adds: a version before this one works on, and what it records is chained too, with an empty origin.
"""

from typing import Final

from alembic import op

revision = "0006"
down_revision = "0005"

LOCK: Final = 0x726F6561
"""Key of the advisory lock under which links are made: "roea"."""

TABLES: Final = """
ALTER TABLE audit
    ADD COLUMN origin text NOT NULL DEFAULT '',                -- which door or service, on which host
    ADD COLUMN hash text NOT NULL DEFAULT '';                  -- acted on: `proof:…`, or `content:…` before a proof

CREATE TABLE audit_reason (                                    -- what people typed; may be erased, the chain may not
    audit bigint PRIMARY KEY,
    salt text,                                                 -- 128 bits in hex; erased with the text
    text text
);

CREATE TABLE audit_chain (                                     -- append-only
    position bigint PRIMARY KEY CHECK (position > 0),          -- without gaps, in the order of commits
    audit bigint NOT NULL UNIQUE,
    entry text NOT NULL,                                       -- the very JSON that was hashed, one line
    hash text NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$')         -- sha256(hash before, newline, entry)
);
"""

# `search_path` holds nothing that a user can write to, so that no function of theirs is ours; our own tables are named
# with their schema. Nobody else may call these, or hang them on a table of their own and so forge a link.
FUNCTIONS: Final = """
CREATE FUNCTION audit_moment(timestamptz) RETURNS text LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp SET "DateStyle" = 'ISO, MDY' AS
$$ SELECT to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

CREATE FUNCTION audit_apart(made {schema}.audit) RETURNS jsonb LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS
$$
DECLARE
    salt text := replace(gen_random_uuid()::text, '-', '');
    typed text := made.detail->>'reason';
BEGIN
    IF coalesce(typed, '') = '' THEN
        RETURN made.detail - 'reason';
    END IF;
    INSERT INTO {schema}.audit_reason VALUES (made.id, salt, typed);
    RETURN made.detail - 'reason' || jsonb_build_object(
        'reason_sha256', encode(sha256(convert_to(salt || E'\n' || typed, 'UTF8')), 'hex'));
END
$$;

CREATE FUNCTION audit_completed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS
$$
BEGIN
    IF TG_RELID <> '{schema}.audit'::regclass THEN
        RAISE EXCEPTION 'only rows of the audit have reasons' USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.detail := {schema}.audit_apart(NEW);
    SELECT coalesce('proof:' || m.proof_hash, 'content:' || m.content_hash) INTO NEW.hash FROM {schema}.message m
        WHERE m.id = substring(NEW.subject FROM '^message:([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})$')::uuid
        ORDER BY m.revision DESC LIMIT 1;
    NEW.hash := coalesce(NEW.hash, '');
    RETURN NEW;
END
$$;

CREATE FUNCTION audit_link(made {schema}.audit) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS
$$
DECLARE
    head record;
    entry text;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'an audit row is written at READ COMMITTED: another isolation does not see the last link'
            USING ERRCODE = 'feature_not_supported';
    END IF;
    PERFORM pg_advisory_xact_lock({lock});
    SELECT c.position, c.hash INTO head FROM {schema}.audit_chain c ORDER BY c.position DESC LIMIT 1;
    entry := '{{"position":' || coalesce(head.position, 0) + 1
        || ',"id":' || made.id
        || ',"at":' || to_json({schema}.audit_moment(made.at))
        || ',"sealed":' || to_json({schema}.audit_moment(clock_timestamp()))
        || ',"actor":' || coalesce(made.actor::text, 'null')
        || ',"action":' || to_json(made.action)
        || ',"subject":' || to_json(made.subject)
        || ',"origin":' || to_json(made.origin)
        || ',"hash":' || to_json(made.hash)
        || ',"detail":' || made.detail::text || '}}';
    INSERT INTO {schema}.audit_chain (position, audit, entry, hash) VALUES (
        coalesce(head.position, 0) + 1, made.id, entry,
        encode(sha256(convert_to(coalesce(head.hash, '{before}') || E'\\n' || entry, 'UTF8')), 'hex')
    );
END
$$;

CREATE FUNCTION audit_sealed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS
$$
BEGIN
    IF TG_RELID <> '{schema}.audit'::regclass THEN
        RAISE EXCEPTION 'only rows of the audit are links of its chain' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM {schema}.audit_link(NEW);
    RETURN NULL;
END
$$;

CREATE FUNCTION audit_refused() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
$$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only: ' || TG_OP || ' is refused',
        ERRCODE = 'insufficient_privilege';
END
$$;

CREATE FUNCTION audit_chain_guarded() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
$$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'only a row of the audit makes a link of its chain' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

REVOKE ALL ON FUNCTION audit_moment(timestamptz), audit_apart({schema}.audit), audit_completed(),
    audit_link({schema}.audit), audit_sealed(), audit_refused(), audit_chain_guarded() FROM PUBLIC;
REVOKE ALL ON audit, audit_chain, audit_reason FROM PUBLIC;
"""

# What was recorded before the chain is chained now, in the order of ids: `sealed` says since when.
EXISTING: Final = """
LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE;
UPDATE audit SET detail = audit_apart(audit) WHERE detail ? 'reason';
DO $$
DECLARE made audit;
BEGIN
    FOR made IN SELECT * FROM audit ORDER BY id LOOP
        PERFORM audit_link(made);
    END LOOP;
END
$$;
"""

# ALWAYS: also where `session_replication_role` is `replica`. A link that is only made where the row was first written.
TRIGGERS: Final = """
CREATE TRIGGER audit_completed BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_completed();
CREATE CONSTRAINT TRIGGER audit_sealed AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_sealed();
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refused();
CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refused();
CREATE TRIGGER audit_chain_guarded BEFORE INSERT ON audit_chain
    FOR EACH ROW EXECUTE FUNCTION audit_chain_guarded();
ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_append_only;
ALTER TABLE audit_chain ENABLE ALWAYS TRIGGER audit_chain_append_only;
"""


def upgrade() -> None:
    bind = op.get_bind()
    schema = bind.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    functions = FUNCTIONS.format(schema=schema, lock=LOCK, before="0" * 64)
    for statements in (TABLES, functions, EXISTING, TRIGGERS):
        bind.exec_driver_sql(statements)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: the record is not thrown away by a command")
