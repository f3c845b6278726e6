-- migrate:up

-- The directory of tenants, in order of creation. Only the platform's own tenant sees it.
CREATE TABLE tenants (
  tenant_id  uuid PRIMARY KEY,
  name       text NOT NULL,
  created_at timestamptz NOT NULL
);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY platform ON tenants
  USING (current_setting('app.tenant', true) = '_platform')
  WITH CHECK (current_setting('app.tenant', true) = '_platform');
GRANT SELECT, INSERT ON tenants TO colloquy_app;

-- migrate:down

DROP TABLE tenants;
