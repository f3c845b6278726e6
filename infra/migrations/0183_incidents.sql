-- migrate:up

-- Incidents: who raised them and how they stand. What was raised is sealed with the incident's own key.
CREATE TABLE incidents (
  tenant      text NOT NULL,
  incident_id uuid NOT NULL,
  raised_by   text NOT NULL,
  raised      bytea NOT NULL,
  status      text NOT NULL CHECK (status IN ('open', 'acknowledged', 'closed')),
  frozen      boolean NOT NULL DEFAULT false,
  at          timestamptz NOT NULL,
  PRIMARY KEY (tenant, incident_id)
);
CREATE INDEX incidents_of_member ON incidents (tenant, raised_by, incident_id);
SELECT protect_by_tenant('incidents', 'tenant');
GRANT SELECT, INSERT, UPDATE ON incidents TO colloquy_app;

-- migrate:down

DROP TABLE incidents;
