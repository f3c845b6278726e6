-- migrate:up

-- A turn's retrieval in one round trip. Both functions run as their caller, so that row level security holds in them as
-- in any statement; they only say for which tenant, until the end of the statement that called them.

CREATE FUNCTION read_corpus(of_tenant text) RETURNS TABLE (version bigint, passages bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('app.tenant', of_tenant, true);
  RETURN QUERY SELECT c.version, c.passages FROM corpora AS c WHERE c.tenant = of_tenant;
END $$;

-- The `k` best passages, best first, by words and by meaning, each bringing `each` to the fusion; `question` or `terms`
-- may be missing. The parameters are explained in adapters/postgres/searching.py.
CREATE FUNCTION search_passages(
  of_tenant text, terms bigint[], times int[], question halfvec, k int,
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
  PERFORM set_config('app.tenant', of_tenant, true);
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

REVOKE ALL ON FUNCTION read_corpus, search_passages FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read_corpus, search_passages TO colloquy_app;

-- migrate:down

DROP FUNCTION search_passages, read_corpus;
