-- migrate:up

-- The read models' own schema: whoever projects (colloquy_worker) owns what is in it and creates each read model's
-- tables by itself; the API (colloquy_app) may only read, one tenant at a time.
CREATE SCHEMA projections AUTHORIZATION colloquy_worker;
SET ROLE colloquy_worker;
GRANT USAGE ON SCHEMA projections TO colloquy_app;

-- A generation of a read model: `layout` is the version of the code that built it. One is live; one may be building.
CREATE TABLE projections.generations (
  name       text NOT NULL,
  generation int NOT NULL,
  layout     int NOT NULL,
  live       boolean NOT NULL DEFAULT false,
  PRIMARY KEY (name, generation)
);
CREATE UNIQUE INDEX generations_one_live ON projections.generations (name) WHERE live;

-- How far a generation has come in each lane; changes in the transaction that changes its rows.
CREATE TABLE projections.positions (
  name       text NOT NULL,
  generation int NOT NULL,
  lane       int NOT NULL,
  position   bigint NOT NULL,
  at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (name, generation, lane)
);

-- Streams that a read model could not follow, from which fact on and why; the others went on.
CREATE TABLE projections.parked_events (
  name       text NOT NULL,
  generation int NOT NULL,
  stream     text NOT NULL,
  lane       int NOT NULL,
  position   bigint NOT NULL,
  version    bigint NOT NULL,
  topic      text NOT NULL,
  error      text NOT NULL,
  at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (name, generation, stream)
);

GRANT SELECT ON projections.generations, projections.positions, projections.parked_events TO colloquy_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA projections GRANT SELECT ON TABLES TO colloquy_app;

RESET ROLE;

-- migrate:down

DROP SCHEMA projections CASCADE;
