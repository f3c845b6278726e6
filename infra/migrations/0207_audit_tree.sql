-- migrate:up

-- A tenant's Merkle tree over its facts, in tiles: level 0 holds the hashes of leaves, level n the roots of complete tiles
-- of the level below, 256 to a row.
CREATE TABLE audit_tiles (
  tenant text NOT NULL,
  level  smallint NOT NULL,
  number bigint NOT NULL,
  hashes bytea NOT NULL,
  PRIMARY KEY (tenant, level, number)
);
ALTER TABLE audit_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL; -- hashes do not compress

-- Which facts the leaves of a tile are of.
CREATE TABLE audit_leaves (
  tenant        text NOT NULL,
  number        bigint NOT NULL,
  last_position bigint NOT NULL,
  places        bytea NOT NULL,
  PRIMARY KEY (tenant, number)
);
CREATE INDEX audit_leaves_by_position ON audit_leaves (tenant, last_position);

-- Signed heads. Nobody but the owner takes one away or changes it; only where it was brought is written beside it.
CREATE TABLE audit_heads (
  tenant        text NOT NULL,
  tree_size     bigint NOT NULL,
  root_hash     bytea NOT NULL,
  at            timestamptz NOT NULL,
  last_position bigint NOT NULL,
  jws           text NOT NULL,
  anchored_at   timestamptz,
  locked        boolean,
  told_at       timestamptz,
  PRIMARY KEY (tenant, tree_size)
);
CREATE INDEX audit_heads_to_anchor ON audit_heads (tenant, tree_size) WHERE anchored_at IS NULL;
CREATE INDEX audit_heads_to_tell ON audit_heads (tenant, tree_size) WHERE told_at IS NULL;

-- What the last check of a tenant's log came to.
CREATE TABLE audit_checks (
  tenant    text PRIMARY KEY,
  ok        boolean NOT NULL,
  at        timestamptz NOT NULL,
  tree_size bigint NOT NULL,
  detail    text NOT NULL,
  findings  jsonb NOT NULL
);

-- How far the trees of a lane are; since when all of it is anchored; how many anchors there have been.
CREATE TABLE audit_lanes (
  lane        int PRIMARY KEY,
  position    bigint NOT NULL DEFAULT 0,
  anchors     bigint NOT NULL DEFAULT 0,
  anchored_at timestamptz
);

SELECT protect_by_tenant('audit_tiles', 'tenant');
SELECT protect_by_tenant('audit_leaves', 'tenant');
SELECT protect_by_tenant('audit_heads', 'tenant');
SELECT protect_by_tenant('audit_checks', 'tenant');

GRANT SELECT ON audit_tiles, audit_leaves, audit_heads, audit_checks TO colloquy_app;
GRANT SELECT, INSERT, UPDATE ON audit_tiles, audit_leaves, audit_checks, audit_lanes TO colloquy_worker;
GRANT SELECT, INSERT, UPDATE (anchored_at, locked, told_at) ON audit_heads TO colloquy_worker;

-- How the anchoring stands over all tenants, which is no tenant's secret.
CREATE FUNCTION audit_standing() RETURNS TABLE (
    anchors bigint, age_s float8, verified bigint, not_verified bigint, oldest_check_s float8
  ) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.anchors, l.age_s, c.verified, c.not_verified, c.oldest_s FROM
    (SELECT coalesce(sum(anchors), 0)::bigint AS anchors,
      extract(epoch FROM now() - min(anchored_at))::float8 AS age_s FROM public.audit_lanes) AS l,
    (SELECT count(*) FILTER (WHERE ok) AS verified, count(*) FILTER (WHERE NOT ok) AS not_verified,
      extract(epoch FROM now() - min(at))::float8 AS oldest_s FROM public.audit_checks) AS c
$$;
REVOKE ALL ON FUNCTION audit_standing FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_standing TO colloquy_app, colloquy_worker;

-- migrate:down

DROP FUNCTION audit_standing;
DROP TABLE audit_lanes, audit_checks, audit_heads, audit_leaves, audit_tiles;
