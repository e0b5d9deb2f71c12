CREATE TABLE every (
  id INT PRIMARY KEY,
  a_tiny TINYINT, a_boolean BOOLEAN, a_small SMALLINT, a_medium MEDIUMINT, an_int INT, a_big BIGINT, a_big_unsigned BIGINT UNSIGNED, a_year YEAR, a_flag BIT(1), a_bit BIT(10),
  a_decimal DECIMAL(40,10), a_price DECIMAL(12,2), a_float FLOAT, a_double DOUBLE,
  a_char CHAR(5), a_varchar VARCHAR(20), a_text TEXT, a_longtext LONGTEXT, an_enum ENUM('sad', 'ok', 'happy'), a_set SET('a', 'b', 'c'), a_json JSON,
  a_binary BINARY(4), a_varbinary VARBINARY(8), a_blob BLOB,
  a_date DATE, a_time TIME(1), a_datetime DATETIME(6), a_timestamp TIMESTAMP(6) NULL,
  a_uuid UUID, an_inet INET6, a_point POINT, made INT AS (1) PERSISTENT
);
INSERT INTO every (id, a_tiny, a_boolean, a_small, a_medium, an_int, a_big, a_big_unsigned, a_year, a_flag, a_bit, a_decimal, a_price, a_float, a_double, a_char, a_varchar, a_text, a_longtext, an_enum, a_set, a_json, a_binary, a_varbinary, a_blob, a_date, a_time, a_datetime, a_timestamp, a_uuid, an_inet, a_point)
VALUES (1, -7, TRUE, -300, 70000, 42, 9000000000, 18446744073709551615, 2026, 1, 5, 123456789012345678901234567890.5, 19.90, 0.1, 0.1,
  'ab', 'it''s', 'Grüße, 世界 \\ 🌍', '', 'happy', 'a,c', '{"a": [1, 2]}', X'00FF', X'00FF', X'00',
  '2026-11-26', '-16:04:20.5', '2026-03-29 02:30:00.123456', '2026-11-26 16:04:20.123456', '7C9E6679-7425-40de-944b-e07fc1f90ae7', '2001:db8::1', POINT(1.5, 2));
INSERT INTO every (id) VALUES (2);
SET SESSION sql_mode = '';
INSERT INTO every (id, a_tiny, a_boolean, a_small, a_medium, an_int, a_big, a_big_unsigned, a_year, a_flag, a_bit, a_decimal, a_price, a_float, a_double, a_char, a_varchar, a_text, an_enum, a_set, a_binary, a_varbinary, a_blob, a_date, a_time, a_datetime, a_timestamp)
VALUES (3, -128, 2, -32768, -8388608, -2147483648, -9223372036854775808, 0, 1901, 0, 1023, -0.0000000001, -9999999999.99, 3.4e38, 1.7976931348623157e308,
  '', '', '', 'sad', '', X'', X'', X'', '0000-00-00', '838:59:59', '0000-00-00 00:00:00', '1970-01-01 00:00:01');
INSERT INTO every (id, a_date, a_datetime) VALUES (4, '9999-12-31', '9999-12-31 23:59:59.999999');
CREATE TABLE assets (
  site VARCHAR(40) COLLATE utf8mb4_general_ci, number BIGINT, name VARCHAR(80) NOT NULL, price DECIMAL(12,2), bought DATE, seen TIMESTAMP(3) NOT NULL DEFAULT '2026-01-01', status TEXT, synced DATETIME(3),
  PRIMARY KEY (site, number)
);
INSERT INTO assets SELECT ELT(1 + seq % 4, 'berlin', 'Ålesund', 'zürich', 'Zug'), seq, CONCAT('asset ', seq), IF(seq % 5 > 0, seq * 1.25, NULL), DATE '2020-01-01' + INTERVAL seq DAY,
  TIMESTAMP '2026-01-01 00:00:00' + INTERVAL seq * 37 MINUTE, IF(seq % 3 > 0, 'open', NULL), NULL FROM seq_1_to_60;
CREATE VIEW in_use AS SELECT number, name, status, seen FROM assets WHERE status IS NOT NULL;
CREATE TABLE `or``der; --` (`select` BINARY(16) PRIMARY KEY, `a ``b``.c` TEXT, `%s` INT, `c0` INT, `q` INT);
INSERT INTO `or``der; --` SELECT UNHEX(MD5(seq)), CONCAT('x', seq), seq, -seq, seq % 7 FROM seq_1_to_25;
CREATE TABLE keyless (a INT, b TEXT);
INSERT INTO keyless VALUES (1, 'x'), (1, 'x'), (2, NULL);
CREATE TABLE other_key (a INT, b VARCHAR(20) NOT NULL UNIQUE);
INSERT INTO other_key VALUES (1, 'x'), (NULL, 'y');
