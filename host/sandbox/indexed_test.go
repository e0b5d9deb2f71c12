package sandbox_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
)

// What an app declares of a property is found by queries, and comes with the fields of new and changed issues.
func TestPropertiesThatAppsIndex(t *testing.T) {
	site := sandboxtest.Start(t)
	declared := func(path string) map[string]any {
		return map[string]any{"jiraEntityProperties": []object{{
			"key": "links", "entityType": "issue", "name": object{"value": "Links"},
			"keyConfigurations": []object{{"propertyKey": "example.link", "extractions": []object{{"objectName": path, "type": "string"}}}},
		}}}
	}
	site.InstallModules("example.app", declared("row"), "WRITE")

	made := func(row string) object {
		return object{
			"fields":     object{"project": object{"key": "OPS"}, "issuetype": object{"id": "10001"}, "summary": "A row"},
			"properties": []object{{"key": "example.link", "value": object{"row": row, "other": "x"}}},
		}
	}
	if status, body := site.Do("mia@pergola.example", http.MethodPost, "/rest/api/3/issue/bulk", object{"issueUpdates": []object{made("a"), made("b")}}); status != http.StatusCreated {
		t.Fatal(status, string(body))
	}
	found := func(jql string) (rows []string) {
		status, body := site.Do("mia@pergola.example", http.MethodPost, "/rest/api/3/search/jql", object{"jql": jql, "properties": []string{"example.link"}})
		var got struct {
			Issues []struct {
				ID         string
				Properties map[string]struct{ Row string }
			}
		}
		if err := json.Unmarshal(body, &got); err != nil || status != http.StatusOK {
			t.Fatal(status, string(body))
		}
		for _, i := range got.Issues {
			rows = append(rows, i.Properties["example.link"].Row)
		}
		return rows
	}
	if diff := cmp.Diff([]string{"b"}, found(`issue.property[example.link].row in (b, c)`)); diff != "" {
		t.Error(diff)
	}
	edit := object{"fields": object{"summary": "Another"}, "properties": []object{{"key": "example.link", "value": object{"row": "c"}}}}
	_, body := site.Do("mia@pergola.example", http.MethodPost, "/rest/api/3/search/jql", object{"jql": `issue.property[example.link].row = b`})
	var got struct{ Issues []struct{ ID string } }
	if err := json.Unmarshal(body, &got); err != nil || len(got.Issues) != 1 {
		t.Fatal(string(body))
	}
	if status, body := site.Do("mia@pergola.example", http.MethodPut, "/rest/api/3/issue/"+got.Issues[0].ID, edit); status != http.StatusNoContent {
		t.Fatal(status, string(body))
	}
	if diff := cmp.Diff([]string{"c"}, found(`issue.property[example.link].row in (b, c)`)); diff != "" {
		t.Error(diff)
	}
}
