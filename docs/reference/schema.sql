-- The PostgreSQL schema of Onceward, as the store makes it. Written by src/stores/postgres/schema.test.ts.

CREATE TABLE IF NOT EXISTS onceward_meta (
  name text COLLATE "C" PRIMARY KEY,
  value text COLLATE "C" NOT NULL
);

CREATE TABLE IF NOT EXISTS onceward_lineage (
  id smallint PRIMARY KEY CHECK (id = 1),
  epoch bigint NOT NULL,
  nonce text COLLATE "C" NOT NULL,
  timeline text COLLATE "C"
);

CREATE TABLE IF NOT EXISTS onceward_watermarks (
  worker text COLLATE "C" PRIMARY KEY,
  epoch bigint NOT NULL,
  seq bigint NOT NULL,
  at_ms bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS onceward_entries (
  claimed_at_ms bigint NOT NULL,
  lease_until_ms bigint NOT NULL,
  lease_ms bigint NOT NULL,
  retain_ms bigint NOT NULL,
  epoch bigint NOT NULL,
  attempt integer NOT NULL,
  round integer NOT NULL,
  rev integer NOT NULL,
  owner_write integer NOT NULL,
  state smallint NOT NULL,
  safety smallint NOT NULL,
  earlier_unknown boolean NOT NULL,
  value_kept boolean NOT NULL,
  ref text COLLATE "C" PRIMARY KEY,
  scope text COLLATE "C" NOT NULL,
  operation text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  fingerprint text COLLATE "C" NOT NULL,
  owner text COLLATE "C" NOT NULL,
  subject text COLLATE "C",
  first_send_ms bigint,
  finished_at_ms bigint,
  settled_digest text COLLATE "C",
  value bytea,
  error text COLLATE "C",
  steps text COLLATE "C",
  doubt_since_ms bigint,
  doubt_why text COLLATE "C",
  resolved_at_ms bigint,
  resolution text COLLATE "C",
  buried_state smallint
) WITH (fillfactor = 90);

CREATE INDEX IF NOT EXISTS onceward_entries_open ON onceward_entries (claimed_at_ms, ref) WHERE state < 3;

CREATE INDEX IF NOT EXISTS onceward_entries_subject ON onceward_entries (subject, fingerprint) WHERE subject IS NOT NULL;

CREATE INDEX IF NOT EXISTS onceward_entries_due ON onceward_entries (scope, state, (finished_at_ms + retain_ms)) WHERE state > 3;

CREATE TABLE IF NOT EXISTS onceward_records (
  stream text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version integer NOT NULL,
  at_ms bigint NOT NULL,
  body text COLLATE "C" NOT NULL,
  PRIMARY KEY (stream, id)
);

CREATE INDEX IF NOT EXISTS onceward_records_age ON onceward_records (at_ms);

ALTER TABLE onceward_lineage ADD COLUMN IF NOT EXISTS began_at_ms bigint;

ALTER TABLE onceward_entries ADD COLUMN IF NOT EXISTS claimed_epoch bigint;

DROP TABLE IF EXISTS onceward_watermarks;
