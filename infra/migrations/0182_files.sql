-- migrate:up

-- Members' files: whose, of which kind, and where the sealed bytes are. Names are sealed with the file's own key.
CREATE TABLE files (
  tenant     text NOT NULL,
  file_id    uuid NOT NULL,
  owner      text NOT NULL,
  name       bytea NOT NULL,
  media_type text NOT NULL,
  size       bigint NOT NULL,
  status     text NOT NULL CHECK (status IN ('stored', 'spooled')),
  created_at timestamptz NOT NULL,
  keep_until timestamptz,
  PRIMARY KEY (tenant, file_id)
);
CREATE INDEX files_of_owner ON files (tenant, owner, file_id);
CREATE INDEX files_ending ON files (keep_until) WHERE keep_until IS NOT NULL;
SELECT protect_by_tenant('files', 'tenant');
GRANT SELECT, INSERT, UPDATE, DELETE ON files TO colloquy_app;

-- Who takes away what retention has ended finds out which files those are, of any tenant, and no more than that.
GRANT SELECT (tenant, file_id, keep_until) ON files TO colloquy_worker;

-- migrate:down

DROP TABLE files;
