-- migrate:up

-- As find_passages was in 0286, for large corpora: the postings of a question's most telling words lead to passages, `most`
-- of them at most; of its `lookups` next words it is looked up whether they stand in those, and in what lies near (ADR 0293).
-- The one before goes with the last program that calls it.
CREATE FUNCTION find_passages(
  acting text, of_tenant text, terms bigint[], times int[], names bigint[], question halfvec, directions int, k int,
  each int, k1 float8, b float8, most bigint, exact_below bigint, alone bigint, sample int, collections text[], lookups int
) RETURNS TABLE (passage bigint, document_id uuid, starts int, ends int, body bytea, title bytea, score float8)
LANGUAGE plpgsql AS $$
DECLARE
  size     bigint;
  average  float8;  -- words of a passage
  telling  bigint[];
  weights  float8[];
  named    boolean[];
  frequent bigint[];  -- terms whose postings are not read: they are looked up where the others have led to
  lesser   float8[];
  distance text;
  meaning  text;
  highest  float8;  -- of the deviations that one of so few can be above their mean
  hidden   boolean;
  shown    uuid[];
  reach    bigint;  -- passages that may be found
  among    text := '';
  owned    text := '';
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
  -- Just after many documents came, statistics know nothing of them, and a large table would be read whole for a word.
  PERFORM set_config('enable_seqscan', CASE WHEN reach < exact_below THEN 'on' ELSE 'off' END, true);

  -- BM25 (Robertson and Zaragoza, 2009): what a word weighs is known before its postings are read.
  IF cardinality(terms) > 0 THEN
    SELECT array_agg(term) FILTER (WHERE is_read), array_agg(weight) FILTER (WHERE is_read),
      array_agg(term = ANY (names) AND passages <= alone) FILTER (WHERE is_read),
      array_agg(term) FILTER (WHERE NOT is_read AND place <= lookups),
      array_agg(weight) FILTER (WHERE NOT is_read AND place <= lookups)
    INTO telling, weights, named, frequent, lesser FROM (
      SELECT *, row_number() OVER (PARTITION BY is_read ORDER BY weight DESC, term) AS place FROM (
        SELECT *, sum(passages) OVER (ORDER BY weight DESC, term) <= greatest(most, passages) AS is_read FROM (
          SELECT term, passages, asked.times * ln(1 + (size - passages + 0.5::float8) / (passages + 0.5::float8)) AS weight
          FROM unnest(terms, find_passages.times) AS asked(term, times) JOIN vocabulary USING (term)
          WHERE tenant = of_tenant AND passages > 0
        ) AS known
      ) AS known
    ) AS known;
  END IF;
  IF telling IS NULL AND question IS NULL THEN RETURN; END IF;

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
    ), either AS MATERIALIZED (
      SELECT passage FROM best_words UNION SELECT passage FROM near
    ), further AS MATERIALIZED (
      SELECT passage, sum(weight * frequency * ($6 + 1) / (frequency + $6 * (1 - $7 + $7 * length / $8))) AS score
      FROM unnest($15, $16) AS asked(term, weight), either, LATERAL (
        SELECT frequency, length FROM postings
        WHERE tenant = $1 AND postings.term = asked.term AND postings.passage = either.passage
      ) AS found GROUP BY passage
    ), worded AS MATERIALIZED (
      SELECT passage, coalesce(by_words.score, 0) + coalesce(further.score, 0) AS score, coalesce(named, 0) AS named
      FROM either LEFT JOIN by_words USING (passage) LEFT JOIN further USING (passage)
    ), fused AS (
      SELECT passage, 10 * named
        + trust.words * coalesce(worded.score / nullif((SELECT max(score) FROM worded), 0), 0)
        + trust.meaning * 0.8 * greatest(0, coalesce(above, 0) - $12 / 4.2) / nullif($12 - $12 / 4.2, 0)
        + 0.001 * coalesce(above, 0) AS score
      FROM worded
      JOIN (SELECT passage, (middle - distance) / deviation AS above FROM far, spread) AS far USING (passage), trust
    )';
  END IF;

  -- Planned anew each time, so that the plan knows the tenant's partitions alone.
  RETURN QUERY EXECUTE 'WITH by_words AS MATERIALIZED (
      SELECT passage, sum(weight * frequency * ($6 + 1) / (frequency + $6 * (1 - $7 + $7 * length / $8))) AS score,
        count(*) FILTER (WHERE named) AS named
      FROM unnest($3, $4, $5) AS asked(term, weight, named) CROSS JOIN LATERAL (
        SELECT passage, frequency, length FROM postings' || owned || '
        WHERE tenant = $1 AND postings.term = asked.term' || among || ' LIMIT $14
      ) AS found GROUP BY passage
    ), best_words AS MATERIALIZED (
      SELECT passage, score, named FROM by_words ORDER BY named DESC, score DESC, passage LIMIT $9
    )' || meaning || '
    SELECT passage, document_id, starts, ends, passages.body, title, score / (1 + score) FROM (
      SELECT passage, greatest(coalesce(score, 0), 0)::float8 AS score FROM fused
      ORDER BY fused.score DESC NULLS LAST, passage LIMIT $2
    ) AS best JOIN passages USING (passage) JOIN documents USING (tenant, document_id)
    WHERE tenant = $1 ORDER BY score DESC, passage'
  USING of_tenant, k, telling, weights, named, k1, b, average, each, question, directions, highest, shown, most, frequent,
    lesser;
END $$;


REVOKE ALL ON FUNCTION find_passages(
  text, text, bigint[], int[], bigint[], halfvec, int, int, int, float8, float8, bigint, bigint, bigint, int, text[], int
) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_passages(
  text, text, bigint[], int[], bigint[], halfvec, int, int, int, float8, float8, bigint, bigint, bigint, int, text[], int
) TO colloquy_app;

-- migrate:down

DROP FUNCTION find_passages(
  text, text, bigint[], int[], bigint[], halfvec, int, int, int, float8, float8, bigint, bigint, bigint, int, text[], int
);
