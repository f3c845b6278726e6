-- migrate:up

-- When each API key was last used, to the minute: what keys there are, and whose, is in their tenants' facts.
CREATE TABLE api_key_uses (
  tenant       text NOT NULL,
  key_id       text NOT NULL,
  last_used_at timestamptz NOT NULL,
  PRIMARY KEY (tenant, key_id)
);
SELECT protect_by_tenant('api_key_uses', 'tenant');
GRANT SELECT, INSERT, UPDATE, DELETE ON api_key_uses TO colloquy_app;

-- migrate:down

DROP TABLE api_key_uses;
