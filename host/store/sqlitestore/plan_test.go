package sqlitestore_test

import (
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// A page or a count costs what is on it, however much else there is.
func TestEveryQueryIsAnsweredFromAnIndex(t *testing.T) {
	s := open(t, t.TempDir(), sqlitestore.Config{})
	defer closeStore(t, s)
	plans, err := sqlitestore.Plans(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	ranges := 0
	for sql, plan := range plans {
		if !strings.Contains(sql, "collection = (") {
			continue // the format, and what an inventory asks
		}
		if strings.Contains(plan, "SCAN d") || strings.Contains(plan, "SCAN x") || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s reads everything, or sorts:\n%s", sql, plan)
		}
		if strings.Contains(sql, "id < ?") {
			if ranges++; !strings.Contains(plan, "id>? AND id<?") {
				t.Errorf("%s does not read one range:\n%s", sql, plan)
			}
		}
		if (strings.Contains(sql, "count(*)") || strings.HasPrefix(sql, "SELECT d.id FROM") || strings.HasPrefix(sql, "SELECT x.id FROM")) && !strings.Contains(plan, "COVERING INDEX") && !strings.Contains(plan, "PRIMARY KEY") {
			t.Errorf("%s reads more than an index:\n%s", sql, plan)
		}
	}
	if ranges != 6 {
		t.Errorf("%d statements read a range, want lists, ids and counts, by id and by index", ranges)
	}
}
