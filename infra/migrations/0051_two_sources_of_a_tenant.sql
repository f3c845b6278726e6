-- migrate:up

-- Who acts and what is asked for come from two sources: the tenant of the caller's credentials, and the tenant that the
-- question names. A function that is called alone, without a transaction round it, sees what the first may see and looks
-- for what the second says; where the two differ it refuses.
CREATE FUNCTION act_for(acting text, named text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF acting = '' OR acting IS DISTINCT FROM named THEN
    RAISE insufficient_privilege USING MESSAGE = 'another tenant is named than the one that is acted for';
  END IF;
  PERFORM set_config('app.tenant', acting, true);
END $$;

-- As they were in 0003 and 0011, but for that. The ones before go with the last program that calls them.
CREATE FUNCTION nearest_answers(acting text, of_tenant text, of_scope bytea, question halfvec, at_least float8, most int)
RETURNS TABLE (similarity float8, stream text, turn_id text, sealed bytea) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM act_for(acting, of_tenant);
  RETURN QUERY
    SELECT near.similarity, c.stream, c.turn_id, c.sealed FROM (
      SELECT k.id, 1 - (k.embedding <=> question) AS similarity FROM cached_answers AS k
      WHERE k.tenant = of_tenant AND k.scope = of_scope AND k.expires_at > now()
        AND vector_dims(k.embedding) = vector_dims(question)
    ) AS near JOIN cached_answers AS c ON c.tenant = of_tenant AND c.id = near.id
    WHERE near.similarity >= at_least ORDER BY near.similarity DESC, near.id DESC LIMIT most;
END $$;

CREATE FUNCTION keep_answer(
  acting text, of_tenant text, of_scope bytea, of_key bytea, question halfvec, from_stream text, from_turn text, answer bytea,
  ttl_s int, most int
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM act_for(acting, of_tenant);
  INSERT INTO cached_answers AS c (tenant, scope, key, embedding, stream, turn_id, sealed, expires_at)
  VALUES (of_tenant, of_scope, of_key, question, from_stream, from_turn, answer, now() + ttl_s * interval '1 second')
  ON CONFLICT (tenant, key) DO UPDATE SET id = excluded.id, embedding = excluded.embedding, stream = excluded.stream,
    turn_id = excluded.turn_id, sealed = excluded.sealed, expires_at = excluded.expires_at;
  DELETE FROM cached_answers AS c WHERE c.tenant = of_tenant AND (c.expires_at <= now() OR c.id <= (
    SELECT old.id FROM cached_answers AS old WHERE old.tenant = of_tenant ORDER BY old.id DESC OFFSET most LIMIT 1));
END $$;

CREATE FUNCTION read_corpus(acting text, of_tenant text) RETURNS TABLE (version bigint, passages bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM act_for(acting, of_tenant);
  RETURN QUERY SELECT c.version, c.passages FROM corpora AS c WHERE c.tenant = of_tenant;
END $$;

CREATE FUNCTION search_passages(
  acting text, of_tenant text, terms bigint[], times int[], question halfvec, k int,
  each int, rank_constant int, k1 float8, b float8, most bigint, exact_below bigint
) RETURNS TABLE (passage bigint, document_id uuid, starts int, ends int, body bytea, title bytea, score float8)
LANGUAGE plpgsql AS $$
DECLARE
  size       bigint;
  average    float8;  -- words of a passage
  telling    bigint[];
  weights    float8[];
  legs       text[];
  statements text[];
  -- The index serves only the bare expression: added to nothing, it is computed for every passage.
  exactly    text := ' + 0';
BEGIN
  PERFORM act_for(acting, of_tenant);
  SELECT passages, words::float8 / passages INTO size, average FROM corpora WHERE tenant = of_tenant AND passages > 0;
  IF size IS NULL THEN RETURN; END IF;

  -- BM25 (Robertson and Zaragoza, 2009): what a word weighs is known before its postings are read.
  IF cardinality(terms) > 0 THEN
    SELECT array_agg(term), array_agg(weight) INTO telling, weights FROM (
      SELECT *, sum(passages) OVER (ORDER BY weight DESC, term) AS reads FROM (
        SELECT term, passages, asked.times * ln(1 + (size - passages + 0.5::float8) / (passages + 0.5::float8)) AS weight
        FROM unnest(terms, search_passages.times) AS asked(term, times) JOIN vocabulary USING (term)
        WHERE tenant = of_tenant AND passages > 0
      ) AS known
    ) AS known WHERE reads <= greatest(most, passages);
  END IF;

  IF telling IS NOT NULL THEN
    legs := legs || 'SELECT passage, row_number() OVER (ORDER BY score DESC, passage) AS rank FROM (
      SELECT passage, sum(weight * frequency * ($6 + 1) / (frequency + $6 * (1 - $7 + $7 * length / $8))) AS score
      FROM unnest($3, $4) AS asked(term, weight) JOIN postings USING (term) WHERE tenant = $1
      GROUP BY passage ORDER BY score DESC, passage LIMIT $9
    ) AS by_words'::text;
  END IF;
  IF question IS NOT NULL THEN
    IF size >= exact_below THEN
      exactly := '';
      PERFORM set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', each::text, true);
    END IF;
    legs := legs || format('SELECT passage, row_number() OVER (ORDER BY distance, passage) AS rank FROM (
      SELECT passage, (embedding::halfvec(%1$s) <=> $5::halfvec(%1$s))%2$s AS distance
      FROM passages WHERE tenant = $1 ORDER BY distance LIMIT $9
    ) AS by_meaning', vector_dims(question), exactly);
  END IF;
  IF legs IS NULL THEN RETURN; END IF;

  -- Planned anew each time, so that the plan knows the tenant's partitions alone.
  RETURN QUERY EXECUTE format('
    SELECT passage, document_id, starts, ends, passages.body, title, score FROM (
      SELECT passage, sum(1 / ($10 + rank)::float8) AS score FROM (%s) AS legs
      GROUP BY passage ORDER BY score DESC, passage LIMIT $2
    ) AS best JOIN passages USING (passage) JOIN documents USING (tenant, document_id)
    WHERE tenant = $1 ORDER BY score DESC, passage', array_to_string(legs, ' UNION ALL '))
  USING of_tenant, k, telling, weights, question, k1, b, average, each, rank_constant;
END $$;

REVOKE ALL ON FUNCTION act_for(text, text),
  nearest_answers(text, text, bytea, halfvec, float8, int),
  keep_answer(text, text, bytea, bytea, halfvec, text, text, bytea, int, int),
  read_corpus(text, text),
  search_passages(text, text, bigint[], int[], halfvec, int, int, int, float8, float8, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION act_for(text, text),
  nearest_answers(text, text, bytea, halfvec, float8, int),
  keep_answer(text, text, bytea, bytea, halfvec, text, text, bytea, int, int),
  read_corpus(text, text),
  search_passages(text, text, bigint[], int[], halfvec, int, int, int, float8, float8, bigint, bigint) TO colloquy_app;

-- migrate:down

DROP FUNCTION nearest_answers(text, text, bytea, halfvec, float8, int),
  keep_answer(text, text, bytea, bytea, halfvec, text, text, bytea, int, int),
  read_corpus(text, text),
  search_passages(text, text, bigint[], int[], halfvec, int, int, int, float8, float8, bigint, bigint),
  act_for(text, text);
