DROP TABLE IF EXISTS pergola_every;
DROP TABLE IF EXISTS pergola_assets;
CREATE TABLE pergola_every (
  id int PRIMARY KEY, a_tinyint tinyint, a_bigint bigint, a_decimal decimal(38,10), a_money money, a_float float, a_real real, a_bit bit,
  a_char char(5), a_varchar varchar(20), an_nvarchar nvarchar(max), a_text text, a_binary binary(4), a_varbinary varbinary(max), a_rowversion rowversion,
  a_date date, a_time time, a_datetime datetime, a_datetime2 datetime2, a_smalldatetime smalldatetime, a_datetimeoffset datetimeoffset,
  a_guid uniqueidentifier, an_xml xml, made AS 1
);
INSERT INTO pergola_every (id, a_tinyint, a_bigint, a_decimal, a_money, a_float, a_real, a_bit, a_char, a_varchar, an_nvarchar, a_text, a_binary, a_varbinary, a_date, a_time, a_datetime, a_datetime2, a_smalldatetime, a_datetimeoffset, a_guid, an_xml)
VALUES (1, 255, 9000000000, 1234567890123456789012345678.5, 19.90, 0.1, 0.1, 1, 'ab', 'it''s', N'Grüße, 世界', 'text', 0x00FF, 0x00FF, '2026-11-26', '16:04:20.5', '2026-03-29 02:30:00.123', '2026-03-29 02:30:00.1234567', '2026-03-29 02:30', '2026-11-26 16:04:20.5 +05:30', '7C9E6679-7425-40de-944b-e07fc1f90ae7', '<a>1</a>');
INSERT INTO pergola_every (id) VALUES (2);
CREATE TABLE pergola_assets (site nvarchar(40), number bigint, name nvarchar(80) NOT NULL, status nvarchar(20), PRIMARY KEY (site, number));
INSERT INTO pergola_assets SELECT CHOOSE(1 + n % 4, N'berlin', N'Ålesund', N'zürich', N'Zug'), n, CONCAT('asset ', n), CASE WHEN n % 3 > 0 THEN 'open' END FROM (SELECT TOP (60) ROW_NUMBER() OVER (ORDER BY object_id) AS n FROM sys.all_objects) x;
