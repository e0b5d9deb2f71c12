package manifest_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/manifest"
)

var update = flag.Bool("update", false, "write the golden files and the embedded copy of the schema")

func TestFullManifestParses(t *testing.T) {
	m := parse(t, full(t))
	got := *m
	got.Settings = nil
	if connection := string(got.Provides[0].Connection); !strings.Contains(connection, `"format":"uri"`) {
		t.Errorf("connection = %s", connection)
	}
	got.Provides[0].Connection = nil
	if schema := string(got.Configs[0].Schema); !strings.Contains(schema, `"title": "Logo"`) {
		t.Errorf("schema of a config = %s", schema)
	}
	got.Configs[0].Schema = nil
	if answers := got.Routes[0].Answers; len(answers) != 2 || !strings.Contains(string(answers["204"]), "Nothing was new.") {
		t.Errorf("answers of a route = %s", answers)
	}
	got.Schemas, got.Routes[0].Params, got.Routes[0].Body, got.Routes[0].Answers = nil, nil, nil, nil
	want := manifest.Manifest{
		Schema:          "https://pergola-platform.github.io/plugin-manifest.schema.json",
		ManifestVersion: 1,
		ID:              "acme.labels",
		Name:            "Asset labels",
		Version:         "1.4.0-beta.2+build.7",
		Publisher:       manifest.Publisher{Name: "Acme", URL: "https://acme.example"},
		Description:     "Prints labels with QR codes that lead to an asset's issue.",
		License:         "MIT OR Apache-2.0",
		Links:           manifest.Links{Docs: "https://acme.example/labels", Support: "https://acme.example/support", Privacy: "https://acme.example/privacy"},
		Compat:          manifest.Compat{ABI: 1},
		Runtime:         manifest.Runtime{Kind: "wasm", Entry: "plugin.wasm"},
		Permissions: []manifest.Permission{
			{Name: manifest.JiraRead, Reason: "Print the key and summary on the label"},
			{Name: manifest.JiraWrite, Reason: "Write on the issue when its label was printed"},
			{Name: manifest.Store, Reason: "Remember which code belongs to which issue"},
		},
		Records: []manifest.Record{{
			Type: "code", Purpose: "Lead a printed code to its issue", ID: manifest.RecordID{Kind: manifest.KindToken},
			Fields: map[string]manifest.Field{
				"issue": {Kind: manifest.KindIssue, Indexed: true}, "by": {Kind: manifest.KindAccount, Indexed: true},
				"at": {Kind: manifest.KindTime}, "state": {Kind: manifest.KindStatus, Values: []string{"active", "revoked"}},
			},
			Retention: manifest.Retention{Days: 365}, Erasure: manifest.EraseField,
		}, {
			Type: "link", Purpose: "Know which asset is part of which", ID: manifest.RecordID{Fields: []string{"relation", "whole", "part"}},
			Fields: map[string]manifest.Field{
				"relation": {Kind: manifest.KindLinkType}, "whole": {Kind: manifest.KindIssue, Indexed: true}, "part": {Kind: manifest.KindIssue, Indexed: true},
				"seen": {Kind: manifest.KindTime},
			},
		}, {
			Type: "sheet", Purpose: "Remember how many labels a design has", ID: manifest.RecordID{Kind: manifest.KindProject},
			Fields: map[string]manifest.Field{
				"design": {Kind: manifest.KindConfig, Config: "design", Indexed: true}, "labels": {Kind: manifest.KindCount},
			},
		}},
		Configs: []manifest.Config{{
			Type: "design", Title: "Design", Plural: "Designs", Purpose: "Say how the labels of a team look", Label: "name", Max: 20, Guard: "design",
		}},
		Logs: map[string]string{
			"sheet.rendered": "A sheet of {labels} labels was made in {took} microseconds.", "query_refused": "Jira refused a query.",
		},
		Modules: []manifest.Module{
			{Type: manifest.IssuePanel, Key: "panel", Name: "Label", View: "panel", Contexts: manifest.Contexts{Projects: "projects", IssueTypes: "types"}},
			{Type: manifest.GeneralPage, Key: "labels", Name: "Labels", View: "labels"},
			{Type: manifest.GeneralPage, Key: "open", Name: "Open a label", View: "open", Link: "q", Hidden: true},
		},
		Provides: []manifest.Provided{{
			Capability: manifest.SyncV1, Name: "labels", Title: "Printed labels",
			Secrets: []manifest.Secret{
				{Name: "token", Title: "Access token", Description: "From the printer's own page."}, {Name: "certificate", Title: "Certificate", Lines: true},
			},
		}, {Capability: manifest.ServiceV1, Name: "prints", Title: "What was printed", Service: "acme.prints/v1"}},
		Requires: []manifest.Required{{Service: "acme.stock/v1", Reason: "Order new labels", Optional: true}},
		Events: []manifest.Event{{
			Event: "issue.deleted", Handler: "deleted", Reason: "Forget the codes of issues that are gone",
			Only: manifest.Only{Projects: []string{"settings.projects"}, IssueTypes: []string{"settings.types"}},
		}, {
			Event: "issue.updated", Handler: "changed", Reason: "Print a label anew when its text changes",
			Only: manifest.Only{Fields: []string{"summary", manifest.CustomFields}},
		}},
		Properties: []manifest.Property{{Key: "when", Title: "Last print", Extractions: []manifest.Extraction{{Path: "printed", Type: "date", Alias: "labelPrinted"}}}},
		Jobs: []manifest.Job{{
			Name: "reprint", Title: "Print again", Handler: "reprint", Reason: "Print all labels of a design anew",
			Input: map[string]manifest.JobValue{
				"design": {Kind: manifest.KindConfig, Config: "design"}, "how": {Kind: manifest.KindStatus, Values: []string{"all", "worn"}},
			},
			Cursor: map[string]manifest.JobValue{"after": {Kind: manifest.KindIssue}}, Counts: map[string]string{"printed": "Labels printed"},
			Concurrency: []string{"design"}, Starts: manifest.ByUser, Account: manifest.OfNobody,
		}},
		Functions: []manifest.Function{{
			Key: "printed", Name: "printedLabels", Handler: "printed", Reason: "Find issues by the paper of their label",
			Arguments: []manifest.Argument{{Name: "paper", Required: true}, {Name: "since"}},
			Operators: []string{manifest.OperatorIn, manifest.OperatorNotIn}, Types: []string{manifest.TypeIssue},
		}},
		Routes: []manifest.Route{{
			Method: "POST", Path: "/issues/{issue}/prints", Handler: "print", Scope: manifest.LabelsPrint, Summary: "Count a print", Description: "It counts what a printer has printed.",
		}},
		FailurePolicy: manifest.FailurePolicy{View: manifest.Hide, File: manifest.Retry},
		Limits: manifest.Limits{
			Request: manifest.ClassLimits{MemoryMiB: 64, TimeoutMs: 5000},
			Step:    manifest.ClassLimits{Fuel: 50_000_000_000, HostCalls: 500, EgressKiB: 4096, LogKiB: 64, Concurrency: 2},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	if !json.Valid(m.Settings) || !strings.Contains(string(m.Settings), `"x-jira":"project"`) {
		t.Errorf("settings = %s", m.Settings)
	}
}

func TestSmallestManifestParses(t *testing.T) {
	m := parse(t, `{"manifestVersion":1,"id":"a.b","name":"B","version":"0.1.0","publisher":{"name":"A"},"description":"d","compat":{"abi":1},"runtime":{"kind":"wasm","entry":"b.wasm"}}`)
	if m.ID != "a.b" || m.Settings != nil {
		t.Errorf("manifest = %+v", m)
	}
}

func TestManifestsOfThisRepositoryParse(t *testing.T) {
	files, err := filepath.Glob("../../*/*/plugin.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d manifests, %v", len(files), err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := manifest.Parse(name, raw); err != nil {
			t.Error(err)
		}
	}
}

// The messages are for people, so they are kept as a text that a person can read through: testdata/problems.golden.
func TestRowsAndReferencesAreSettings(t *testing.T) {
	base := full(t)
	in := strings.Replace(base, `"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "array", "maxItems": 9, "items": { "type": "object", "title": "Column", "required": ["of"], "properties": {
		"of": { "type": "string", "title": "Of", "x-config": "acme.labels/design" }, "who": { "type": "array", "items": { "type": "string" }, "x-jira": "user" },
		"elsewhere": { "type": "array", "items": { "type": "string" }, "x-config": "acme.other/thing" }, "wide": { "type": "integer", "default": 4 } } } }`, 1)
	if _, err := manifest.Parse("plugin.json", []byte(in)); in == base || err != nil {
		t.Error(err)
	}
}

func TestProblemsSayWhatToWrite(t *testing.T) {
	base := full(t)
	set := func(old, new string) string {
		t.Helper()
		if strings.Count(base, old) != 1 {
			t.Fatalf("%q stands %d times in full.json", old, strings.Count(base, old))
		}
		return strings.Replace(base, old, new, 1)
	}
	long := `{ "kind": "platform.status", "values": ["` + strings.Repeat("w", 32) + `"] }`
	cases := []struct{ name, in string }{
		{"empty file", "\n"},
		{"byte order mark", "\xef\xbb\xbf{}"},
		{"not UTF-8", "{\"name\":\"\xff\"}"},
		{"comma behind the last member", "{\n  \"id\": \"a.b\",\n}"},
		{"cut off", "{\n  \"id\": \"a.b\""},
		{"something behind the end", base + "{}"},
		{"a list", "[]"},
		{"nothing in it", "{}"},
		{"too large", `{"x-fill":"` + strings.Repeat("x", 256<<10) + `"}`},
		{"too deep", strings.Repeat("[", 30) + strings.Repeat("]", 30)},
		{"name twice", set(`"name": "Asset labels",`, "\"name\": \"Asset labels\",\n\"name\": \"Others\",")},
		{"number out of range", set(`"memoryMiB": 64`, `"memoryMiB": 1e999999999`)},
		{"very long number", set(`"memoryMiB": 64`, `"memoryMiB": 64.`+strings.Repeat("0", 40))},
		{"long member name", set(`"x-build"`, `"x-`+strings.Repeat("n", 200)+`"`)},
		{"whole number with a point", set(`"memoryMiB": 64`, `"memoryMiB": 64.0`)},
		{"unknown member", set(`"license"`, `"licence"`)},
		{"unknown member, nothing near", set(`"license"`, `"colour"`)},
		{"wrong case of a member", set(`"manifestVersion"`, `"ManifestVersion"`)},
		{"unknown version of the format", set(`"manifestVersion": 1`, `"manifestVersion": 2`)},
		{"id without a dot", set(`"id": "acme.labels"`, `"id": "labels"`)},
		{"id with a dash", set(`"id": "acme.labels"`, `"id": "acme.asset-labels"`)},
		{"name with spaces around", set(`"name": "Asset labels"`, `"name": " Asset labels"`)},
		{"version with a v", set(`"1.4.0-beta.2+build.7"`, `"v1.4"`)},
		{"version as a number", set(`"1.4.0-beta.2+build.7"`, `1.4`)},
		{"publisher as text", set(`{ "name": "Acme", "url": "https://acme.example" }`, `"Acme"`)},
		{"plain http", set(`"docs": "https:`, `"docs": "http:`)},
		{"runtime incomplete", set(`{ "kind": "wasm", "entry": "plugin.wasm" }`, `{ "kind": "process" }`)},
		{"runtime unknown", set(`"kind": "wasm"`, `"kind": "container"`)},
		{"entry in a folder", set(`"entry": "plugin.wasm"`, `"entry": "../plugin.wasm"`)},
		{"ABI of tomorrow", set(`"abi": 1`, `"abi": 2`)},
		{"permission unknown", set(`"name": "jira:read"`, `"name": "jira:delete"`)},
		{"permission without reason", set(`, "reason": "Print the key and summary on the label"`, ``)},
		{"permission without a real reason", set(`"Print the key and summary on the label"`, `"Needed"`)},
		{"permission twice", set(`"name": "jira:read"`, `"name": "store"`)},
		{"records without permission", set(`,
    { "name": "store", "reason": "Remember which code belongs to which issue" }`, ``)},
		{"permission without records", set(`  "records": [`, `  "x-records": [`)},
		{"record twice", set(`  "records": [`, `  "records": [ { "type": "code", "purpose": "The same again", "id": { "kind": "jira.issue" }, "fields": { "n": { "kind": "platform.count" } } },`)},
		{"record with a kind of content", set(`"kind": "jira.account"`, `"kind": "text"`)},
		{"record kind misspelt", set(`"kind": "jira.account"`, `"kind": "jira.acount"`)},
		{"record without fields", set(`"fields": {
        "issue": { "kind": "jira.issue", "indexed": true },
        "by": { "kind": "jira.account", "indexed": true },
        "at": { "kind": "platform.time" },
        "state": { "kind": "platform.status", "values": ["active", "revoked"] }
      }`, `"fields": {}`)},
		{"record without the kind of its ids", set(`"id": { "kind": "platform.token" },
      `, ``)},
		{"record with ids of accounts", set(`"kind": "platform.token"`, `"kind": "jira.account"`)},
		{"record with ids of a kind and of fields", set(`"id": { "fields"`, `"id": { "kind": "jira.issue", "fields"`)},
		{"record with ids of nothing", set(`"id": { "fields": ["relation", "whole", "part"] }`, `"id": { "x-note": "later" }`)},
		{"record with ids of an empty object", set(`"id": { "fields": ["relation", "whole", "part"] }`, `"id": {}`)},
		{"record with ids of one field", set(`["relation", "whole", "part"]`, `["relation"]`)},
		{"record with ids of five fields", set(`["relation", "whole", "part"]`, `["relation", "whole", "part", "a", "b"]`)},
		{"record with ids of a field twice", set(`["relation", "whole", "part"]`, `["relation", "whole", "whole"]`)},
		{"record with ids of a field that is not there", set(`["relation", "whole", "part"]`, `["relation", "whole", "half"]`)},
		{"record with ids of a field of two words", set(`["relation", "whole", "part"]`, `["relation", "the whole"]`)},
		{"record with ids of a time", set(`["relation", "whole", "part"]`, `["whole", "seen"]`)},
		{"record with ids of a field that is an account", strings.NewReplacer(
			`"seen": { "kind": "platform.time" }`, `"seen": { "kind": "jira.account", "indexed": true }`, `"relation", "whole", "part"`, `"whole", "seen"`,
			`"Know which asset is part of which",`, `"Know which asset is part of which", "erasure": "record",`,
		).Replace(base)},
		{"record with ids that are too long", strings.NewReplacer(
			`"relation", "whole", "part"`, `"a", "b", "c", "d"`, `"seen": { "kind": "platform.time" }`, `"a": `+long+`, "b": `+long+`, "c": `+long+`, "d": `+long,
		).Replace(base)},
		{"record with ids that count", set(`"kind": "platform.token"`, `"kind": "platform.count"`)},
		{"status without words", set(`, "values": ["active", "revoked"]`, ``)},
		{"status with a sentence", set(`"revoked"]`, `"Out of order"]`)},
		{"status with no word", set(`["active", "revoked"]`, `[]`)},
		{"status with a word twice", set(`"revoked"]`, `"active"]`)},
		{"words of another kind", set(`"at": { "kind": "platform.time" }`, `"at": { "kind": "platform.time", "values": ["noon"] }`)},
		{"retention for ever", set(`{ "days": 365 }`, `{ "days": 5000 }`)},
		{"retention for no time", set(`{ "days": 365 }`, `{ "days": 0 }`)},
		{"retention without days", set(`{ "days": 365 }`, `{}`)},
		{"retention in months", set(`{ "days": 365 }`, `{ "months": 12 }`)},
		{"retention as a number", set(`{ "days": 365 }`, `365`)},
		{"account without erasure", set(`,
      "erasure": "field"`, ``)},
		{"account that cannot be found", set(`"kind": "jira.account", "indexed": true`, `"kind": "jira.account"`)},
		{"erasure without an account", set(`"by": { "kind": "jira.account", "indexed": true },`, ``)},
		{"erasure unknown", set(`"erasure": "field"`, `"erasure": "fields"`)},
		{"log code of two words", set(`"query_refused"`, `"Query refused"`)},
		{"long log code", set(`"query_refused"`, `"`+strings.Repeat("q", 65)+`"`)},
		{"log code without meaning", set(`"Jira refused a query."`, `""`)},
		{"log code with a list", set(`"Jira refused a query."`, `["Jira refused a query."]`)},
		{"log attribute of two words", set(`{labels}`, `{labels made}`)},
		{"long log attribute", set(`{labels}`, `{`+strings.Repeat("l", 65)+`}`)},
		{"record field name", set(`"by": {`, `"By whom": {`)},
		{"config twice", set(`  "configs": [`, `  "configs": [ { "type": "design", "title": "D", "plural": "Ds", "purpose": "The same again", "label": "x", "schema": { "type": "object", "required": ["x"], "properties": { "x": { "type": "string" } } } },`)},
		{"config without its label", set(`"label": "name"`, `"label": "title"`)},
		{"config whose label is a choice", set(`"label": "name"`, `"label": "logo"`)},
		{"config whose label can be empty", set(`"schema": { "type": "object", "required": ["name"],`, `"schema": { "type": "object",`)},
		{"config whose schema is none", set(`"enum": ["left", "right"] }`, `"enum": ["left", "right"], "default": "up" }`)},
		{"field of a config that is not there", set(`"kind": "platform.config", "config": "design"`, `"kind": "platform.config", "config": "paper"`)},
		{"field of no config", set(`"kind": "platform.config", "config": "design", `, `"kind": "platform.config", `)},
		{"field of a config that is not indexed", set(`"config": "design", "indexed": true`, `"config": "design"`)},
		{"count of a config", set(`"labels": { "kind": "platform.count" }`, `"labels": { "kind": "platform.count", "config": "design" }`)},
		{"record type with a dash", set(`"type": "code"`, `"type": "qr-code"`)},
		{"module of unknown type", set(`"type": "issuePanel"`, `"type": "issuepanel"`)},
		{"module key twice", set(`"key": "labels"`, `"key": "panel"`)},
		{"module key with an underscore", set(`"key": "labels"`, `"key": "all_labels"`)},
		{"module without view", set(`, "view": "labels"`, ``)},
		{"link on a panel", set(`"view": "panel", "contexts"`, `"view": "panel", "link": "p", "contexts"`)},
		{"link taken by the host", set(`"link": "q"`, `"link": "api"`)},
		{"two links", set(`"view": "labels"`, `"view": "labels", "link": "l"`)},
		{"hidden panel", set(`"view": "panel", "contexts"`, `"view": "panel", "hidden": true, "contexts"`)},
		{"contexts on a page", set(`"view": "labels"`, `"view": "labels", "contexts": { "projects": "projects" }`)},
		{"contexts empty", set(`{ "projects": "projects", "issueTypes": "types" }`, `{}`)},
		{"contexts of no setting", set(`"issueTypes": "types"`, `"issueTypes": "kinds"`)},
		{"contexts of another kind of setting", set(`"issueTypes": "types"`, `"issueTypes": "projects"`)},
		{"contexts of a setting that is no list", set(`"issueTypes": "types"`, `"issueTypes": "size"`)},
		{"contexts that differ", set(`"modules": [`, `"modules": [ { "type": "issuePanel", "key": "other", "name": "Other", "view": "other", "contexts": { "projects": "projects" } },`)},
		{"limits out of range", set(`"memoryMiB": 64, "timeoutMs": 5000`, `"memoryMiB": 4, "timeoutMs": 600000`)},
		{"capability unknown", set(`"sync/v1"`, `"sync/v2"`)},
		{"synchronizer twice", set(`"provides": [`, `"provides": [ { "capability": "sync/v1", "name": "labels", "title": "Again" },`)},
		{"service without a name", set(`"provides": [`, `"provides": [ { "capability": "service/v1", "name": "stock", "title": "Stock" },`)},
		{"service without a version", set(`"provides": [`, `"provides": [ { "capability": "service/v1", "name": "stock", "title": "Stock", "service": "acme.stock" },`)},
		{"service twice", set(`"provides": [`, `"provides": [ { "capability": "service/v1", "name": "prints", "title": "Prints", "service": "acme.prints/v1" },`)},
		{"service with a connection", set(`"service": "acme.prints/v1"`, `"service": "acme.prints/v1", "connection": { "type": "object", "properties": {} }, "secrets": [ { "name": "key", "title": "Key" } ]`)},
		{"synchronizer with the name of a service", set(`"title": "Printed labels",`, `"title": "Printed labels", "service": "acme.labels/v1",`)},
		{"requirement twice", set(`"requires": [`, `"requires": [ { "service": "acme.stock/v1", "reason": "Count twice" },`)},
		{"a route that answers with a page", set(`"204": { "description"`, `"203": { "type": "string", "contentMediaType": "text/html" }, "204": { "description"`)},
		{"only some projects, by their ids", set(`"projects": ["settings.projects"]`, `"projects": ["10000"]`)},
		{"only some projects, of a setting that is not there", set(`"projects": ["settings.projects"]`, `"projects": ["settings.sites"]`)},
		{"only some projects, of a setting with other ids", set(`"projects": ["settings.projects"]`, `"projects": ["settings.types"]`)},
		{"only some issue types, of a document that is not there", set(`"issueTypes": ["settings.types"] }`, `"issueTypes": ["configs.sheet.types"] }`)},
		{"only some issue types, of a setting that a document has not", set(`"issueTypes": ["settings.types"] }`, `"issueTypes": ["configs.design.types"] }`)},
		{"only some fields, by an id that each site has another of", set(`"kind.custom"`, `"customfield_10010"`)},
		{"only some fields, of an unknown kind", set(`"kind.custom"`, `"kind.text"`)},
		{"only some fields, of an issue that is gone", set(`"event": "issue.updated", "handler": "changed"`, `"event": "issue.deleted", "handler": "changed"`)},
		{"only some events, and none is said", set(`"only": { "fields": ["summary", "kind.custom"] }`, `"only": {}`)},
		{"only some links", set(`"event": "issue.updated", "handler": "changed"`, `"event": "issuelink.created", "handler": "changed"`)},
		{"event twice", set(`"events": [`, `"events": [ { "event": "issue.deleted", "handler": "again", "reason": "Forget it twice" },`)},
		{"property twice", set(`"properties": [{ "key"`, `"properties": [{ "key": "when", "title": "Again", "extractions": [{ "path": "at", "type": "date", "alias": "labelprinted" }] }, { "key"`)},
		{"property of a type that nobody indexes", set(`"type": "date", "alias"`, `"type": "picture", "alias"`)},
		{"property without the permission", set(`    { "name": "jira:write", "reason": "Write on the issue when its label was printed" },
`, ``)},
		{"job twice", set(`"jobs": [`, `"jobs": [ { "name": "reprint", "title": "Again", "handler": "again", "reason": "Print it twice" },`)},
		{"job that waits for what it has not", set(`"concurrency": ["design"]`, `"concurrency": ["printer"]`)},
		{"job with an account", set(`"after": { "kind": "jira.issue" }`, `"after": { "kind": "jira.account" }`)},
		{"job with text", set(`"after": { "kind": "jira.issue" }`, `"after": { "kind": "text" }`)},
		{"job of a status without words", set(`, "values": ["all", "worn"] } },`, ` } },`)},
		{"job of a type that is not there", set(`{ "config": "design", "kind": "platform.config" }, "how"`, `{ "config": "shelf", "kind": "platform.config" }, "how"`)},
		{"job of a type of no plugin", set(`{ "config": "design", "kind": "platform.config" }, "how"`, `{ "config": "/design", "kind": "platform.config" }, "how"`)},
		{"job with a name of two words", set(`"counts": { "printed"`, `"counts": { "Labels printed"`)},
		{"function twice", set(`"jqlFunctions": [`, `"jqlFunctions": [ { "key": "printed", "name": "printedlAbels", "handler": "again", "reason": "Find it twice", "arguments": [], "operators": ["in"], "types": ["issue"] },`)},
		{"function of Jira's own", set(`"name": "printedLabels"`, `"name": "linkedIssues"`)},
		{"function of one word", set(`"name": "printedLabels"`, `"name": "printed"`)},
		{"function with an argument behind one that can be left out", set(`{ "name": "since" }`, `{ "name": "since" }, { "name": "until", "required": true }`)},
		{"function with an argument of documents that are not there", set(`{ "name": "since" }`, `{ "name": "since", "config": "shelf" }`)},
		{"function with an argument twice", set(`{ "name": "since" }`, `{ "name": "paper" }`)},
		{"function with an operator that Connect does not spell", set(`["in", "not in"]`, `["=", "in"]`)},
		{"function without an operator", set(`"operators": ["in", "not in"]`, `"operators": []`)},
		{"route twice", set(`"routes": [`, `"routes": [ { "method": "POST", "path": "/issues/{key}/prints", "handler": "again", "scope": "labels:print", "summary": "Again", "params": { "type": "object", "required": ["key"], "properties": { "key": { "type": "string", "description": "Key." } } }, "answers": { "204": {} } },`)},
		{"route that sends a body where none goes", set(`"method": "POST"`, `"method": "GET"`)},
		{"route with a parameter that is not declared", set(`"/issues/{issue}/prints"`, `"/issues/{issue}/prints/{print}"`)},
		{"route with a parameter twice", set(`"/issues/{issue}/prints"`, `"/issues/{issue}/prints/{issue}"`)},
		{"route with a list as parameter", set(`"copies": { "type": "integer"`, `"copies": { "type": "array"`)},
		{"route with a parameter that nobody explains", set(`"default": 1, "description": "How many."`, `"default": 1`)},
		{"route whose parameters are no object", set(`"params": { "type": "object"`, `"params": { "type": "string"`)},
		{"route that refers to nothing", set(`"body": { "$ref": "#/schemas/Prints" }`, `"body": { "$ref": "#/schemas/Sheets" }`)},
		{"route that refers elsewhere", set(`"body": { "$ref": "#/schemas/Prints" }`, `"body": { "$ref": "https://elsewhere.example/schema.json" }`)},
		{"route with a schema that is none", set(`"prints": { "type": "integer"`, `"prints": { "type": "whole"`)},
		{"route with a scope that nobody has", set(`"scope": "labels:print"`, `"scope": "everything"`)},
		{"route that answers with an error", set(`"204": { "description"`, `"404": { "description"`)},
		{"route with a path of capitals", set(`"/issues/{issue}/prints"`, `"/Issues/{issue}/"`)},
		{"schemas of no route", strings.Replace(base, `"routes": [
`, `"x-routes": [
`, 1)},
		{"admin page with a link", set(`"type": "generalPage", "key": "open"`, `"type": "adminPage", "key": "open"`)},
		{"event that nobody knows", set(`"issue.deleted"`, `"issue.dreamt"`)},
		{"requirement that it meets itself", set(`"requires": [`, `"requires": [ { "service": "acme.prints/v1", "reason": "Ask itself" },`)},
		{"synchronizer of two words", set(`"name": "labels",
      "title"`, `"name": "Printed labels",
      "title"`)},
		{"synchronizer without a title", set(`
      "title": "Printed labels",`, ``)},
		{"secret twice", set(`"name": "certificate"`, `"name": "token"`)},
		{"secret that is a setting too", set(`"name": "certificate"`, `"name": "address"`)},
		{"connection required, but not there", set(`["address"]`, `["host"]`)},
		{"connection with a list of groups", set(`"default": 3`, `"default": 3 }, "paths": { "type": "array", "items": { "type": "object", "properties": { "x": { "type": "string" } } }`)},
		{"connection default out of range", set(`"default": 3`, `"default": 30`)},
		{"failure policy unknown", set(`"view": "hide"`, `"view": "ignore"`)},
		{"settings as a list", set(`"type": "object",
    "title": "Labels"`, `"type": "array",
    "title": "Labels"`)},
		{"setting without type", set(`"type": "boolean", "default"`, `"default"`)},
		{"setting of unknown type", set(`"type": "boolean"`, `"type": "date"`)},
		{"setting with a keyword of another type", set(`"type": "boolean"`, `"type": "boolean", "maxLength": 3`)},
		{"setting with a keyword of full JSON Schema", set(`"type": "boolean"`, `"type": "boolean", "$ref": "https://elsewhere.example"`)},
		{"setting with a dot in its name", set(`"border"`, `"bor.der"`)},
		{"setting group in a group", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "object", "properties": { "x": { "type": "boolean" } } }`)},
		{"setting of numbers in a list", set(`"items": { "type": "string" }, "uniqueItems"`, `"items": { "type": "integer" }, "uniqueItems"`)},
		{"setting list without items", set(`"type": "array", "items": { "type": "string" }, "x-jira": "field"`, `"type": "array", "x-jira": "field"`)},
		{"setting pattern", set(`"^[A-Z]{2,5}$"`, `"^[A-Z{2,5}$"`)},
		{"setting pattern that only browsers know", set(`"^[A-Z]{2,5}$"`, `"^(?!X)"`)},
		{"setting bounds the wrong way round", set(`"minimum": 10, "maximum": 100`, `"minimum": 100, "maximum": 10`)},
		{"setting lengths the wrong way round", set(`"minLength": 2, "maxLength": 5`, `"minLength": 6, "maxLength": 5`)},
		{"setting required, but not there", set(`["size", "mail"]`, `["size", "fax"]`)},
		{"setting required in a group, but not there", set(`["quiet"]`, `["loud"]`)},
		{"setting default of another type", set(`"default": 40`, `"default": "40"`)},
		{"setting default out of range", set(`"default": 40`, `"default": 42`)},
		{"setting default above", set(`"default": 40`, `"default": 400`)},
		{"setting default not in enum", set(`"default": "A4"`, `"default": "A5"`)},
		{"setting default in a list not in enum", set(`["front"]`, `["front", "left"]`)},
		{"setting default against pattern", set(`"default": "AC"`, `"default": "ac"`)},
		{"setting default of no format", set(`"default": "https://acme.example"`, `"default": "acme"`)},
		{"setting default in a group", set(`"default": 4 `, `"default": 4.5 `)},
		{"setting default of ids", set(`"uniqueItems": true`, `"uniqueItems": true, "default": ["10000"]`)},
		{"x-jira unknown", set(`"x-jira": "project"`, `"x-jira": "projects"`)},
		{"x-jira on a number", set(`"multipleOf": 5`, `"x-jira": "field"`)},
		{"x-jira inside items", set(`"items": { "type": "string" }, "x-jira": "field"`, `"items": { "type": "string", "x-jira": "field" }`)},
		{"x-jira with enum", set(`"enum": ["A4", "Letter"]`, `"enum": ["A4", "Letter"], "x-jira": "field"`)},
		{"rows with a default", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "array", "items": { "type": "object", "properties": { "x": { "type": "string" } } }, "default": [] }`)},
		{"rows with x-jira", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "array", "items": { "type": "object", "properties": { "x": { "type": "string" } } }, "x-jira": "user" }`)},
		{"rows in rows", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "array", "items": { "type": "object", "properties": { "x": { "type": "array", "items": { "type": "object", "properties": { "x": { "type": "string" } } } } } } }`)},
		{"rows with a wrong default inside", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "array", "items": { "type": "object", "properties": { "x": { "type": "integer", "default": "4" } } } }`)},
		{"rows that require what is not there", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "array", "items": { "type": "object", "required": ["y"], "properties": { "x": { "type": "string" } } } }`)},
		{"rows of nothing", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "array", "items": { "type": "object", "properties": {} } }`)},
		{"x-config without a type", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "string", "x-config": "acme.labels" }`)},
		{"x-config of the plugin's own that is not there", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "string", "x-config": "acme.labels/paper" }`)},
		{"x-config on a number", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "integer", "x-config": "acme.labels/design" }`)},
		{"x-config with x-jira", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "string", "x-jira": "field", "x-config": "acme.labels/design" }`)},
		{"x-contexts on texts", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "array", "x-contexts": "on", "items": { "type": "string" } }`)},
		{"x-contexts on other rows", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "array", "x-contexts": "on", "items": { "type": "object", "properties": { "p": { "type": "string", "x-jira": "project" } } } }`)},
		{"x-contexts without its switch", set(`"quiet": { "type": "integer", "default": 4 }`, `"on": { "type": "string" }, "quiet": { "type": "array", "x-contexts": "on", "items": { "type": "object", "properties": {
			"p": { "type": "array", "items": { "type": "string" }, "x-jira": "project" }, "t": { "type": "array", "items": { "type": "string" }, "x-jira": "issueType" } } } }`)},
		{"x-contexts in settings", set(`"quiet": { "type": "integer", "default": 4 }`, `"on": { "type": "boolean" }, "quiet": { "type": "array", "x-contexts": "on", "items": { "type": "object", "properties": {
			"p": { "type": "array", "items": { "type": "string" }, "x-jira": "project" }, "t": { "type": "array", "items": { "type": "string" }, "x-jira": "issueType" } } } }`)},
		{"x-config with a default", set(`"quiet": { "type": "integer", "default": 4 }`, `"quiet": { "type": "string", "x-config": "acme.labels/design", "default": "abc" }`)},
		{"enum twice the same", set(`"enum": ["A4", "Letter"]`, `"enum": ["A4", "A4"]`)},
		{"several at once, in the order of the file", strings.NewReplacer(
			`"id": "acme.labels"`, `"id": "Labels"`, `"abi": 1`, `"abi": "1"`, `"type": "issuePanel"`, `"type": "panel"`, `"indexed": true`, `"index": true`,
		).Replace(base)},
	}
	var out strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&out, "== %s\n", c.name)
		_, err := manifest.Parse("plugin.json", []byte(c.in))
		var problems manifest.Errors
		if !errors.As(err, &problems) {
			t.Errorf("%s: error = %v, want manifest.Errors", c.name, err)
			continue
		}
		for _, p := range problems {
			if p.File != "plugin.json" || p.Line < 1 || !strings.HasPrefix(p.Path, "$") || p.Wrong == "" || p.Write == "" {
				t.Errorf("%s: incomplete problem %+v", c.name, p)
			}
			fmt.Fprintln(&out, p)
		}
	}
	golden(t, "testdata/problems.golden", out.String())
}

func TestProblemsAreCutToAPage(t *testing.T) {
	modules := strings.Repeat(`{},`, 90) + `{}`
	_, err := manifest.Parse("p", []byte(`{"modules":[`+modules+`]}`))
	var problems manifest.Errors
	if !errors.As(err, &problems) || len(problems) != 51 {
		t.Fatalf("%d problems, want 50 and one that counts the rest", len(problems))
	}
	if last := problems[50].String(); !strings.Contains(last, "more problems") {
		t.Errorf("last problem = %s", last)
	}
}

// Work must stay small whatever a file holds: these once took seconds or gigabytes in one JSON library or another.
func TestHostileFilesAreCheap(t *testing.T) {
	for name, in := range map[string]string{
		"nesting":         strings.Repeat(`{"a":`, 40000) + "1" + strings.Repeat("}", 40000),
		"exponent":        `{"settings":{"type":"object","properties":{"n":{"type":"number","minimum":1e-999999999}}}}`,
		"many long paths": `{"` + strings.Repeat("k", 100000) + `":[` + strings.Repeat("0,", 50000) + `0]}`,
	} {
		t.Run(name, func(t *testing.T) {
			var problems manifest.Errors
			if _, err := manifest.Parse("p", []byte(in)); !errors.As(err, &problems) {
				t.Errorf("error = %v, want manifest.Errors", err)
			}
		})
	}
}

func full(t testing.TB) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "full.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func parse(t testing.TB, text string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse("plugin.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
