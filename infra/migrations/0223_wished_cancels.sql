-- migrate:up

-- The turn that somebody wants cancelled whose process could not be asked: it looks here when it renews its lease, and so
-- does whoever takes the turn over.
ALTER TABLE running_turns ADD COLUMN cancel text;

-- migrate:down

ALTER TABLE running_turns DROP COLUMN cancel;
