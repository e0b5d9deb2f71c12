CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN email AS varchar(80) CHECK (VALUE LIKE '%@%');
CREATE TABLE every (
  id int PRIMARY KEY,
  a_smallint smallint, an_integer integer, a_bigint bigint, an_oid oid, a_numeric numeric, a_price numeric(12,2), a_real real, a_double double precision, a_money money,
  a_boolean boolean, a_text text, a_varchar varchar(20), a_char char(5), a_name name, a_bytea bytea,
  a_date date, a_time time, a_timetz time with time zone, a_timestamp timestamp, a_timestamptz timestamptz, an_interval interval,
  a_uuid uuid, a_json json, a_jsonb jsonb, an_xml xml, an_inet inet, a_cidr cidr, a_mac macaddr, a_bit bit(3), a_varbit bit varying(8),
  a_point point, a_range int4range, a_mood mood, an_email email, a_tsvector tsvector,
  integers int[], texts text[], numerics numeric[], booleans boolean[], dates date[], moods mood[],
  made int GENERATED ALWAYS AS (1) STORED
);
INSERT INTO every VALUES (1,
  -7, 42, 9000000000, 26, 12345678901234567890.50, 19.90, 0.1, 0.1, 12.34,
  true, 'Grüße, 世界', 'it''s', 'ab', 'name', '\x00ff',
  '2026-11-26', '16:04:20.5', '16:04:20.5+02', '2026-03-29 02:30:00.123456', '2026-11-26 16:04:20.123456+02', '1 year 2 mons 3 days 04:05:06',
  '7C9E6679-7425-40de-944b-e07fc1f90ae7', '{"a": [1, 2]}', '{"b":1}', '<a>1</a>', '10.0.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03', B'101', B'1',
  '(1.5,2)', '[1,5)', 'happy', 'a@example.com', 'a fat cat',
  '{1,NULL,-3}', '{"a, b","",NULL,"NULL"}', '{1.50,2}', '{t,f}', '{2026-01-02}', '{sad,ok}'
), (3,
  -32768, -2147483648, -9223372036854775808, 4294967295, 'NaN', -9999999999.99, 1e-30, 1.7976931348623157e308, -92233720368547758.08,
  false, '', '', '', '', '',
  'infinity', '24:00', '00:00-15:59', '-infinity', '0044-03-15 12:00:00 BC', '-1 day',
  '00000000-0000-0000-0000-000000000000', 'null', '[]', '', '::1', '::/0', 'ff:ff:ff:ff:ff:ff', B'000', B'',
  '(-0,1e100)', 'empty', 'sad', '@', '',
  '{}', '{}', '{NaN}', '{}', '{infinity}', '{}'
);
INSERT INTO every (id) VALUES (2);
INSERT INTO every (id, a_timestamptz, a_double, a_date, integers, a_numeric) VALUES (4, '10000-01-01', 'Infinity', '9999-12-31', '{{1,2},{3,4}}', repeat('9', 2000)::numeric);
CREATE TABLE assets (
  site text, number bigint, name varchar(80) NOT NULL, price numeric(12,2), bought date, seen timestamptz NOT NULL, status text, synced timestamp,
  PRIMARY KEY (site, number)
);
INSERT INTO assets SELECT (ARRAY['berlin', 'Ålesund', 'zürich', 'Zug'])[1 + n % 4], n, 'asset ' || n, CASE WHEN n % 5 > 0 THEN n * 1.25 END, date '2020-01-01' + n,
  timestamptz '2026-01-01 00:00:00Z' + n * interval '37 minutes', CASE WHEN n % 3 > 0 THEN 'open' END, NULL FROM generate_series(1, 60) n;
CREATE VIEW in_use AS SELECT number, name, status, seen FROM assets WHERE status IS NOT NULL;
CREATE SCHEMA "Odd "".Schema";
CREATE TABLE "Odd "".Schema"."or'der; --" ("select" uuid PRIMARY KEY, "a ""b"".c" text, "%s" int, "c0" int, "q" int);
INSERT INTO "Odd "".Schema"."or'der; --" SELECT md5(n::text)::uuid, 'x' || n, n, -n, n % 7 FROM generate_series(1, 25) n;
CREATE TABLE keyless (a int, b text);
INSERT INTO keyless VALUES (1, 'x'), (1, 'x'), (2, NULL);
CREATE TABLE other_key (a int, b text NOT NULL UNIQUE);
INSERT INTO other_key VALUES (1, 'x'), (NULL, 'y');
