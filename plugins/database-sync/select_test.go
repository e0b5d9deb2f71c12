//go:build !wasip1

package main

import (
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/sdk/sync"
)

func TestOneSelectIsTaken(t *testing.T) {
	for engine, queries := range map[string][]string{
		"postgresql": {
			"SELECT 1", "select * from a where b = 'it''s; (' and c = E'\\'; DELETE' -- (\n", "WITH x AS (SELECT 1) SELECT * FROM x", `SELECT "update", t."delete" FROM t`,
			"SELECT $$ ; DROP $$, $a$ $$ ) $a$", "SELECT a /* ( /* ; */ ) */ FROM b", "SELECT a::text, b[1], c->'d' ?| array['e'] FROM f", "SELECT last_update, created_at, x.insert_time FROM t",
		},
		"mariadb":   {"SELECT `update`, \"delete\" FROM t -- end\n", "SELECT 'a\\'; (' # )\n FROM t", "SELECT REPLACE(a, 'b', 'c') FROM d", "SELECT 1 - -1"},
		"sqlite":    {"SELECT [into], `drop` FROM t", "SELECT 'a\\' FROM t"},
		"sqlserver": {"SELECT [a]]b;(] FROM t", "SELECT a /* /* */ ; */ FROM b"},
		"oracle":    {"SELECT q'[it's ( ; ]' FROM dual", "SELECT nq'!a'b!' FROM dual"},
	} {
		for _, q := range queries {
			if err := oneSelect(q, engines[engine].lex); err != nil {
				t.Errorf("%s: %s: %v", engine, q, err)
			}
		}
	}
}

func TestAnythingElseThanOneSelectIsRefused(t *testing.T) {
	everywhere := []string{
		"", "  -- nothing\n", "DELETE FROM a", "UPDATE a SET b = 1", "SELECT 1; DELETE FROM a", "SELECT 1;", "SELECT 1) UNION (SELECT 2", "SELECT (1", "SELECT 'a", `SELECT "a`, "SELECT 1 /* a",
		"WITH x AS (DELETE FROM a RETURNING b) SELECT * FROM x", "SELECT * INTO b FROM a", "SELECT 1 FOR UPDATE", "SELECT a FROM b WHERE c = '' ) q; DROP TABLE a; --'",
		"EXPLAIN ANALYZE SELECT 1", "(SELECT 1)", "CALL f()", "SELECT 1\x00", "TABLE a", "VALUES (1)", "SET x = 1", "COPY a TO PROGRAM 'b'",
	}
	own := map[string][]string{
		"postgresql": {"SELECT $1", "SELECT $a$ x", "SELECT E'\\' ) ;", "SELECT '\\' ) --'"},
		"mariadb":    {"SELECT ?", "SELECT /*! 1 ) */ 2", "SELECT /*M! 1 */ 2", "SELECT /*!50000 1 */", "SELECT 1 --1) UNION", "SELECT '\\'", "SELECT 1 INTO OUTFILE 'a'"},
		"sqlite":     {"SELECT ?1", "SELECT :a", "SELECT @a", "SELECT $a"},
		"sqlserver":  {"SELECT @p1", "SELECT 1 EXEC xp_cmdshell 'dir'", "SELECT [a"},
		"oracle":     {"SELECT :1 FROM dual", "SELECT q'[a' FROM dual", "SELECT q'' FROM dual )'"},
	}
	for name, e := range engines {
		for _, q := range append(append([]string{}, everywhere...), own[name]...) {
			if err := oneSelect(q, e.lex); err == nil {
				t.Errorf("%s takes %q", name, q)
			}
		}
	}
}

// What the rules let through stands in parentheses where a table does, so that the database is the second to judge.
func FuzzOneSelectKeepsItsParentheses(f *testing.F) {
	for _, seed := range []string{"SELECT 1", "SELECT ')' FROM a", "SELECT $$)$$", "SELECT 1 /* ) */", "SELECT q'[)]' FROM dual", "SELECT [)] FROM a", "SELECT 'a\\') --"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, q string) {
		for name, e := range engines {
			if oneSelect(q, e.lex) != nil {
				continue
			}
			// Whatever is taken is taken with a parenthesis around it too, and not with one behind it.
			if err := oneSelect("SELECT * FROM ("+q+"\n) q", e.lex); err != nil {
				t.Errorf("%s: %q alone, but not in parentheses: %v", name, q, err)
			}
			if err := oneSelect(q+"\n)", e.lex); err == nil || !strings.Contains(err.Error(), "parenthesis") {
				t.Errorf("%s: %q swallows a parenthesis: %v", name, q, err)
			}
		}
	})
}

func TestQueryThatChangesSomethingChangesNothing(t *testing.T) {
	for engine, query := range map[string]string{
		"postgresql": "SELECT setval('counter', 99) AS id", // which no word gives away
		"mariadb":    "SELECT NEXTVAL(counter) AS id",
	} {
		t.Run(engine, func(t *testing.T) {
			p := newPlace(t, engine)
			p.exec(t, "CREATE SEQUENCE counter")
			c := p.with(func(c *sync.Config) {
				c.Settings.Strings["query"], c.Settings.Lists["queryKey"] = query, []string{"id"}
			})
			_, err := served().Read.Read(t.Context(), &sync.Read{Config: c, Stream: queryStream, Columns: []string{"id"}})
			if err == nil {
				t.Error("the query ran")
			}
		})
	}
}
