-- migrate:up

-- Which turn answered which conversation, for clients that send the whole of it each time. The hashes are keyed: a row
-- tells nothing of what was said, and is let go of half a year after it was made.
CREATE TABLE known_exchanges (
  tenant     text NOT NULL,
  client_id  text NOT NULL,
  session_id uuid NOT NULL,
  chain      bytea NOT NULL,
  request    bytea NOT NULL,
  made_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, client_id)
);
CREATE INDEX ON known_exchanges (tenant, chain, made_at);
CREATE INDEX ON known_exchanges (tenant, made_at);
SELECT protect_by_tenant('known_exchanges', 'tenant');
GRANT SELECT, INSERT, DELETE ON known_exchanges TO colloquy_app;

-- migrate:down

DROP TABLE known_exchanges;
