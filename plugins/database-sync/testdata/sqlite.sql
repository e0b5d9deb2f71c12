CREATE TABLE every (
  id INTEGER PRIMARY KEY,
  an_int INT, a_bigint BIGINT, a_boolean BOOLEAN, a_real REAL, a_double DOUBLE PRECISION, a_decimal DECIMAL(12,2), a_numeric NUMERIC,
  a_text TEXT, a_varchar VARCHAR(20), a_clob CLOB, a_blob BLOB, a_date DATE, a_datetime DATETIME, a_timestamp TIMESTAMP, untyped,
  made INT GENERATED ALWAYS AS (1) STORED
);
INSERT INTO every VALUES (1, 42, 9000000000, 1, 0.1, 1e300, 19.90, 12345678901, 'Grüße, 世界', 'it''s', 'clob', X'00FF', '2026-11-26', '2026-03-29 02:30:00.123456', '2026-11-26T16:04:20.5+02:00', 'anything');
INSERT INTO every (id) VALUES (2);
INSERT INTO every VALUES (3, 'twelve', -9223372036854775808, 2, 9e999, -9e999, 'cheap', 1.5, '', '', '', X'', '26.11.2026', 1795708800, 'yesterday', 7);
INSERT INTO every (id, a_boolean, a_date, a_datetime, untyped) VALUES (4, 'true', '2026-02-30', '2026-11-26', X'00');
CREATE TABLE assets (
  site TEXT NOT NULL, number INTEGER NOT NULL, name VARCHAR(80) NOT NULL, price NUMERIC, bought DATE, seen DATETIME NOT NULL, status TEXT, synced DATETIME,
  PRIMARY KEY (site, number)
) WITHOUT ROWID;
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 60)
INSERT INTO assets SELECT CASE n % 4 WHEN 0 THEN 'berlin' WHEN 1 THEN 'Ålesund' WHEN 2 THEN 'zürich' ELSE 'Zug' END, n, 'asset ' || n, CASE WHEN n % 5 > 0 THEN n * 1.25 END, date('2020-01-01', n || ' days'),
  strftime('%Y-%m-%dT%H:%M:%SZ', '2026-01-01', (n * 37) || ' minutes'), CASE WHEN n % 3 > 0 THEN 'open' END, NULL FROM n;
CREATE VIEW in_use AS SELECT number, name, status, seen FROM assets WHERE status IS NOT NULL;
CREATE TABLE "or""der; --" ("select" BLOB NOT NULL PRIMARY KEY, "a ""b"".c" TEXT, "%s" INT, "c0" INT, "q" INT);
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 25)
INSERT INTO "or""der; --" SELECT CAST(printf('%c%d', n, n) AS BLOB), 'x' || n, n, -n, n % 7 FROM n;
CREATE TABLE keyless (a INT, b TEXT);
INSERT INTO keyless VALUES (1, 'x'), (1, 'x'), (2, NULL);
CREATE TABLE other_key (a INT, b TEXT NOT NULL UNIQUE);
INSERT INTO other_key VALUES (1, 'x'), (NULL, 'y');
