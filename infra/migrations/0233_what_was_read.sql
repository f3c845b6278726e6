-- migrate:up

-- How a document was read: what of it was not, in words that hold nothing of it, and which encoding it was taken to be in.
ALTER TABLE documents ADD COLUMN warnings text[] NOT NULL DEFAULT '{}', ADD COLUMN encoding text NOT NULL DEFAULT '';

-- migrate:down

ALTER TABLE documents DROP COLUMN warnings, DROP COLUMN encoding;
