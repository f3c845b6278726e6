-- migrate:up

-- From a user's pseudonym back to the name: sealed with a key of its own, so that the row and the key can be erased.
CREATE TABLE user_names (
  tenant    text NOT NULL,
  pseudonym text NOT NULL,
  name      bytea NOT NULL,
  PRIMARY KEY (tenant, pseudonym)
);
SELECT protect_by_tenant('user_names', 'tenant');
GRANT SELECT, INSERT, DELETE ON user_names TO colloquy_app;

-- migrate:down

DROP TABLE user_names;
