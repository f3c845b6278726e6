-- Questions that analysts do ask of a table of orders: each must go on being answered.

SELECT * FROM orders;

SELECT id, region, total FROM orders WHERE paid ORDER BY total DESC LIMIT 10;

SELECT DISTINCT region FROM orders ORDER BY region;

SELECT count(*) FROM orders WHERE note IS NULL OR note = '';

SELECT id FROM orders WHERE region IN ('north', 'south') AND total BETWEEN 10 AND 1000;

SELECT id, note FROM orders WHERE note ILIKE '%refund%' OR note ILIKE '%broken%' OR note LIKE 'Re:%';

SELECT id FROM orders WHERE lower(region) = lower(:region);

SELECT id FROM orders WHERE note LIKE '%' || :part || '%' LIMIT :most;

SELECT id FROM orders WHERE (:region IS NULL OR region = :region) AND (:least IS NULL OR total >= :least);

SELECT id FROM orders WHERE region = ANY(:regions);

SELECT id FROM orders WHERE NOT (paid AND items > 3) AND day <> '2026-01-01';

SELECT region || ' / ' || city AS place, coalesce(note, '-') AS note FROM orders;

SELECT concat_ws(', ', id, region, city, day, total, note) AS line FROM orders;

SELECT id, CASE WHEN total > 1000 THEN 'large' WHEN total > 100 THEN 'middle' ELSE 'small' END AS size FROM orders;

SELECT upper(left(region, 1)) || substring(region from 2) AS name, length(note) AS letters FROM orders;

SELECT substring(note, 1, 80) AS beginning, split_part(city, ' ', 1) AS first, trim(note) AS note FROM orders;

SELECT strpos(note, 'refund') AS place, right(city, 3) AS ending, initcap(city) AS city FROM orders;

SELECT region, sum(total) AS total, count(*) AS orders FROM orders GROUP BY region ORDER BY total DESC;

SELECT region, round(avg(total), 2) AS mean, min(total) AS least, max(total) AS most FROM orders GROUP BY region;

SELECT region, city, sum(items) AS items FROM orders GROUP BY 1, 2 HAVING sum(items) > 10 ORDER BY 3 DESC;

SELECT count(DISTINCT city) AS cities, count(*) FILTER (WHERE paid) AS paid FROM orders;

SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total) AS median, stddev(total) AS deviation FROM orders;

SELECT bool_and(paid) AS all_paid, bool_or(paid) AS any_paid, corr(total, items) AS together FROM orders;

SELECT region, sum(total) / nullif(sum(items), 0) AS an_item FROM orders GROUP BY region;

SELECT sum(total * items) AS worth, round(sum(total) * 100.0 / count(*), 1) AS mean FROM orders;

SELECT region, round(100.0 * sum(CASE WHEN paid THEN total ELSE 0 END) / sum(total), 1) AS paid FROM orders GROUP BY
region;

SELECT round(total::numeric, 1) AS total, total::int AS whole, ceil(total) AS up, floor(total) AS down FROM orders;

SELECT round(total * power(1 + 0.05 / 12, 12 * 10), 2) AS later FROM orders;

SELECT total * 0.004 * power(1.004, items) / (power(1.004, items) - 1) AS instalment FROM orders WHERE items > 0;

SELECT sqrt(sum(total ^ 2) / count(*)) AS square_mean, exp(avg(ln(total))) AS geometric FROM orders WHERE total > 0;

SELECT abs(total - 100) AS off, sign(total - 100) AS way, mod(id, 7) AS slot, greatest(total, 10) AS g FROM orders;

SELECT log(10, total) AS magnitude, log(total) AS again FROM orders WHERE total > 0;

SELECT ((items - 3) * (items + 3) + 7) * 1.19 * total - total / 3 AS reckoned FROM orders;

SELECT date_trunc('month', day) AS month, sum(total) AS total FROM orders GROUP BY 1 ORDER BY 1;

SELECT to_char(day, 'YYYY-MM') AS month, count(*) AS orders FROM orders GROUP BY 1 ORDER BY 1;

SELECT to_char(day, 'FMDay, DD FMMonth YYYY') AS said, to_char(total, 'FM999G990D00') AS money FROM orders;

SELECT count(*) FROM orders WHERE day >= date '2026-01-01' AND day < date '2026-01-01' + interval '3 months';

SELECT count(*) FROM orders WHERE day >= :from AND day < :to;

SELECT extract(dow FROM day) AS weekday, avg(total) AS mean FROM orders GROUP BY 1 ORDER BY 1;

SELECT id, current_date - day AS old, age(day) AS age FROM orders WHERE day > current_date - 365;

SELECT extract(year FROM day) AS year, extract(quarter FROM day) AS quarter, sum(total) AS t FROM orders GROUP BY 1,
2;

SELECT id, total, sum(total) OVER (ORDER BY day, id) AS so_far FROM orders;

SELECT id, rank() OVER (PARTITION BY region ORDER BY total DESC) AS place FROM orders;

SELECT day, total, lag(total) OVER (ORDER BY day) AS before, lead(total, 2) OVER (ORDER BY day) AS after FROM orders;

SELECT day, avg(total) OVER (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS week FROM orders;

SELECT region, total, total / sum(total) OVER (PARTITION BY region) AS share FROM orders;

SELECT id, ntile(4) OVER (ORDER BY total) AS quarter, percent_rank() OVER (ORDER BY total) AS p FROM orders;

SELECT id, first_value(city) OVER w AS first, last_value(city) OVER w AS last FROM orders WINDOW w AS (PARTITION BY
region ORDER BY day);

SELECT * FROM (SELECT id, region, row_number() OVER (PARTITION BY region ORDER BY total DESC) AS n FROM orders) AS t
WHERE n <= 3;

WITH large AS (SELECT * FROM orders WHERE total > 100) SELECT region, count(*) FROM large GROUP BY region;

WITH by_region AS (SELECT region, sum(total) AS t FROM orders GROUP BY region) SELECT a.region, a.t, b.region AS
next, b.t AS of_next FROM by_region AS a JOIN by_region AS b ON a.t < b.t;

WITH monthly AS (SELECT date_trunc('month', day) AS month, sum(total) AS t FROM orders GROUP BY 1), compared AS
(SELECT month, t, lag(t) OVER (ORDER BY month) AS before FROM monthly) SELECT to_char(month, 'YYYY-MM') AS month, t,
t - before AS more, round(100.0 * (t - before) / nullif(before, 0), 1) AS percent FROM compared ORDER BY 1;

WITH daily AS (SELECT day, sum(total) AS t FROM orders GROUP BY day), means AS (SELECT day, t, avg(t) OVER (ORDER BY
day ROWS 6 PRECEDING) AS mean FROM daily), scored AS (SELECT day, t, mean, (t - mean) / nullif(mean, 0) AS off FROM
means), flagged AS (SELECT day, t, mean, off, CASE WHEN abs(off) > 0.5 THEN 'look' ELSE 'fine' END AS flag FROM
scored) SELECT flag, count(*) AS days, round(avg(off) * 100, 1) AS off FROM flagged GROUP BY flag;

WITH first AS (SELECT city, min(day) AS day FROM orders GROUP BY city), cohorts AS (SELECT f.city,
date_trunc('month', f.day) AS cohort, date_trunc('month', o.day) AS month, o.total FROM first AS f JOIN orders AS o
ON o.city = f.city) SELECT cohort, month, count(DISTINCT city) AS cities, sum(total) AS total FROM cohorts GROUP BY
1, 2 ORDER BY 1, 2;

WITH a AS MATERIALIZED (SELECT id, total FROM orders WHERE paid), b AS (SELECT id FROM a WHERE total > 10) SELECT
count(*) FROM a LEFT JOIN b ON a.id = b.id WHERE b.id IS NULL;

WITH t AS (SELECT region, sum(total) AS t FROM orders GROUP BY region) SELECT region, t, round(100 * t / (SELECT
sum(t) FROM t), 1) AS share FROM t ORDER BY t DESC;

SELECT a.id, b.id AS other FROM orders AS a JOIN orders AS b ON a.city = b.city AND a.id < b.id LIMIT 50;

SELECT a.region, count(b.id) FROM orders AS a LEFT JOIN orders AS b ON b.region = a.region AND b.paid GROUP BY 1;

SELECT region FROM orders WHERE paid EXCEPT SELECT region FROM orders WHERE NOT paid;

SELECT 'north' AS part, sum(total) AS t FROM orders WHERE region = 'north' UNION ALL SELECT 'others', sum(total)
FROM orders WHERE region <> 'north';

SELECT id FROM orders AS o WHERE total > (SELECT avg(total) FROM orders AS i WHERE i.region = o.region);

SELECT DISTINCT city FROM orders AS o WHERE NOT EXISTS (SELECT 1 FROM orders AS i WHERE i.city = o.city AND i.paid);

SELECT r.region, best.id, best.total FROM (SELECT DISTINCT region FROM orders) AS r, LATERAL (SELECT id, total FROM
orders AS o WHERE o.region = r.region ORDER BY total DESC LIMIT 1) AS best;

SELECT region, (SELECT count(*) FROM orders AS i WHERE i.region = o.region AND i.paid) AS paid FROM orders AS o;

SELECT kind, count(*) FROM (SELECT CASE WHEN items > 3 THEN 'many' ELSE 'few' END AS kind FROM orders) AS t GROUP BY
1;

SELECT * FROM (SELECT region, sum(total) AS t FROM orders GROUP BY region) AS t WHERE t > 100 ORDER BY t DESC LIMIT
5;

SELECT count(*) FROM orders AS a JOIN orders AS b USING (id) JOIN orders AS c USING (id) JOIN orders AS d USING (id);
