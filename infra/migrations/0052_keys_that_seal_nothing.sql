-- migrate:up

-- Each search and each look into the log left a key behind that never sealed anything.
DELETE FROM stream_keys WHERE split_part(stream, '/', 2) IN ('search', 'audit');

-- migrate:down
