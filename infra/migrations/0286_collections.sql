-- migrate:up

-- As find_passages is, among the documents of these collections alone; the empty name stands for documents in none. The
-- one without collections goes with the last program that calls it: it must not run where there are collections.
CREATE FUNCTION find_passages(
  acting text, of_tenant text, terms bigint[], times int[], names bigint[], question halfvec, directions int, k int,
  each int, k1 float8, b float8, most bigint, exact_below bigint, alone bigint, sample int, collections text[]
) RETURNS TABLE (passage bigint, document_id uuid, starts int, ends int, body bytea, title bytea, score float8)
LANGUAGE plpgsql AS $$
DECLARE
  size     bigint;
  average  float8;  -- words of a passage
  telling  bigint[];
  weights  float8[];
  named    boolean[];
  distance text;
  meaning  text;
  highest  float8;  -- of the deviations that one of so few can be above their mean
  hidden   boolean;
  shown    uuid[];
  reach    bigint;  -- passages that may be found
  among    text := '';
  owned    text := '';
  places   text := 'postings';
BEGIN
  PERFORM act_for(acting, of_tenant);
  SELECT passages, words::float8 / passages INTO size, average FROM corpora WHERE tenant = of_tenant AND passages > 0;
  IF size IS NULL THEN RETURN; END IF;

  -- Where all documents may be found, nothing is asked of each. What a word weighs is counted over all of them.
  reach := size;
  hidden := NOT ('' = ANY (collections)) OR EXISTS (
    SELECT FROM documents WHERE tenant = of_tenant AND collection <> '' AND collection <> ALL (collections));
  IF hidden THEN
    SELECT array_agg(d.document_id), sum(d.passages) INTO shown, reach FROM documents AS d
    WHERE tenant = of_tenant AND collection = ANY (collections) AND d.passages > 0 AND replaced_at IS NULL;
    IF shown IS NULL THEN RETURN; END IF;
    among := ' AND document_id = ANY ($13)';
    owned := ' JOIN passages USING (tenant, passage)';
  END IF;

  IF reach < exact_below THEN most := 4 * most; END IF;  -- of a small corpus nearly all can be read

  -- BM25 (Robertson and Zaragoza, 2009): what a word weighs is known before its postings are read.
  IF cardinality(terms) > 0 THEN
    SELECT array_agg(term), array_agg(weight), array_agg(term = ANY (names) AND passages <= alone)
    INTO telling, weights, named FROM (
      SELECT *, sum(passages) OVER (ORDER BY weight DESC, term) AS reads FROM (
        SELECT term, passages, asked.times * ln(1 + (size - passages + 0.5::float8) / (passages + 0.5::float8)) AS weight
        FROM unnest(terms, find_passages.times) AS asked(term, times) JOIN vocabulary USING (term)
        WHERE tenant = of_tenant AND passages > 0
      ) AS known
    ) AS known WHERE reads <= greatest(most, passages);
  END IF;
  IF telling IS NULL AND question IS NULL THEN RETURN; END IF;
  -- One word alone may stand in more passages than are read at all: any of them are looked at.
  IF cardinality(telling) = 1 AND NOT hidden THEN
    places := '(SELECT * FROM postings WHERE tenant = $1 AND term = $3[1] LIMIT $14)';
  END IF;

  IF question IS NULL THEN
    meaning := ', fused AS (SELECT passage, 10 * named + score / max(score) OVER () AS score FROM best_words)';
  ELSE
    distance := format('(embedding::halfvec(%1$s) <=> $10::halfvec(%1$s))', vector_dims(question));
    IF reach < exact_below THEN
      -- The index serves only the bare expression: added to nothing, it is computed for every passage.
      meaning := format(', far AS MATERIALIZED (
          SELECT passage, %s + 0 AS distance FROM passages WHERE tenant = $1%s
        ), near AS (
          SELECT passage FROM far ORDER BY distance, passage LIMIT $9
        ), spread AS (
          SELECT avg(distance) AS middle, nullif(stddev_pop(distance), 0) AS deviation FROM far
        )', distance, among);
    ELSE
      PERFORM set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', each::text, true);
      meaning := format(', near AS MATERIALIZED (
          SELECT passage, %1$s AS distance FROM passages WHERE tenant = $1%3$s ORDER BY distance LIMIT $9
        ), far AS MATERIALIZED (
          SELECT passage, distance FROM near UNION ALL
          SELECT passage, %1$s + 0 FROM best_words JOIN passages USING (passage)
          WHERE tenant = $1 AND passage NOT IN (SELECT passage FROM near)
        ), spread AS (
          SELECT avg(distance) AS middle, nullif(stddev_pop(distance), 0) AS deviation FROM (
            SELECT %1$s + 0 AS distance FROM passages TABLESAMPLE SYSTEM (%2$s) REPEATABLE (1) WHERE tenant = $1%3$s
          ) AS sampled
        )', distance, least(100, 100 * sample / reach::float8), among);
    END IF;
    -- Two rankings of one question agree: what has its words lies nearer to it than the mean. Where it does not, one of
    -- them is noise: the vectors, when they lie as if drawn at random (the square of a cosine is then 1 / directions), else
    -- the words.
    highest := least(4.2, sqrt(reach - 1));
    meaning := meaning || ', trust AS (
      SELECT CASE WHEN at_random THEN 1 ELSE agree END AS words, CASE WHEN at_random THEN agree ELSE 1 END AS meaning FROM (
        SELECT CASE WHEN count(*) < 20 THEN 1
          ELSE least(1, greatest(0, (coalesce(avg((middle - distance) / deviation), 0) - 0.4) / 1.2)) END AS agree
        FROM best_words JOIN far USING (passage), spread
      ) AS agreement, (
        SELECT ((1 - middle) ^ 2 + coalesce(deviation, 0) ^ 2) * $11 < 1.5 AS at_random FROM spread
      ) AS vectors
    ), fused AS (
      SELECT passage, 10 * coalesce(named, 0)
        + trust.words * coalesce(by_words.score / (SELECT max(score) FROM best_words), 0)
        + trust.meaning * 0.8 * greatest(0, coalesce(above, 0) - $12 / 4.2) / nullif($12 - $12 / 4.2, 0)
        + 0.001 * coalesce(above, 0) AS score
      FROM (SELECT passage FROM best_words UNION SELECT passage FROM near) AS either
      JOIN (SELECT passage, (middle - distance) / deviation AS above FROM far, spread) AS far USING (passage)
      LEFT JOIN by_words USING (passage), trust
    )';
  END IF;

  -- Planned anew each time, so that the plan knows the tenant's partitions alone.
  RETURN QUERY EXECUTE 'WITH by_words AS MATERIALIZED (
      SELECT passage, sum(weight * frequency * ($6 + 1) / (frequency + $6 * (1 - $7 + $7 * length / $8))) AS score,
        count(*) FILTER (WHERE named) AS named
      FROM unnest($3, $4, $5) AS asked(term, weight, named) JOIN ' || places || ' AS postings USING (term)' || owned || '
      WHERE tenant = $1' || among || ' GROUP BY passage
    ), best_words AS MATERIALIZED (
      SELECT passage, score, named FROM by_words ORDER BY named DESC, score DESC, passage LIMIT $9
    )' || meaning || '
    SELECT passage, document_id, starts, ends, passages.body, title, score / (1 + score) FROM (
      SELECT passage, greatest(coalesce(score, 0), 0)::float8 AS score FROM fused
      ORDER BY fused.score DESC NULLS LAST, passage LIMIT $2
    ) AS best JOIN passages USING (passage) JOIN documents USING (tenant, document_id)
    WHERE tenant = $1 ORDER BY score DESC, passage'
  USING of_tenant, k, telling, weights, named, k1, b, average, each, question, directions, highest, shown, most;
END $$;

REVOKE ALL ON FUNCTION find_passages(
  text, text, bigint[], int[], bigint[], halfvec, int, int, int, float8, float8, bigint, bigint, bigint, int, text[]
) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_passages(
  text, text, bigint[], int[], bigint[], halfvec, int, int, int, float8, float8, bigint, bigint, bigint, int, text[]
) TO colloquy_app;

-- migrate:down

DROP FUNCTION find_passages(
  text, text, bigint[], int[], bigint[], halfvec, int, int, int, float8, float8, bigint, bigint, bigint, int, text[]
);
