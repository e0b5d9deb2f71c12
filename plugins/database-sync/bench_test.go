//go:build !wasip1

package main

import (
	"testing"

	"github.com/pergola-platform/pergola/sdk/sync"
)

// BenchmarkRead reads a table of 100,000 rows from its first page to its last, over the wire of a host.
func BenchmarkRead(b *testing.B) {
	for engine, stream := range fixtures {
		b.Run(engine, func(b *testing.B) {
			p := newPlace(b, engine)
			p.exec(b, map[string]string{
				"postgresql": "CREATE TABLE many (id bigint PRIMARY KEY, name text, price numeric(12,2), seen timestamptz, bought date, open boolean);\nINSERT INTO many SELECT n, 'asset ' || n, n * 1.25, timestamptz '2026-01-01Z' + n * interval '1 minute', date '2020-01-01' + n % 2000, n % 2 = 0 FROM generate_series(1, 100000) n",
				"mariadb":    "CREATE TABLE many (id BIGINT PRIMARY KEY, name TEXT, price DECIMAL(12,2), seen TIMESTAMP, bought DATE, open BOOLEAN);\nINSERT INTO many SELECT seq, CONCAT('asset ', seq), seq * 1.25, TIMESTAMP '2026-01-01 00:00:00' + INTERVAL seq MINUTE, DATE '2020-01-01' + INTERVAL seq % 2000 DAY, seq % 2 FROM seq_1_to_100000",
				"sqlite":     "CREATE TABLE many (id INTEGER PRIMARY KEY, name TEXT, price NUMERIC, seen DATETIME, bought DATE, open BOOLEAN);\nWITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000) INSERT INTO many SELECT n, 'asset ' || n, n * 1.25, datetime('2026-01-01', n || ' minutes'), date('2020-01-01', (n % 2000) || ' days'), n % 2 FROM n",
			}[engine])
			s := served()
			rows := 0
			for b.Loop() {
				r := &sync.Read{Config: p.config, Stream: stream("many"), Columns: []string{"id", "name", "price", "seen", "bought", "open"}, Limit: 1000}
				for {
					page, err := s.Read.Read(b.Context(), r)
					if err != nil {
						b.Fatal(err)
					}
					rows += len(page.Rows)
					if r.Cursor = page.Next; len(r.Cursor) == 0 {
						break
					}
				}
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
