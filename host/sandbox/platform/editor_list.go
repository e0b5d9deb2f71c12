package platform

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// listEditor is the editor of a field of which an issue has several things, each once. find reads one of them.
func listEditor[K ~string](verbs []string, of func(*world.Issue) *[]K, find func(*edit, json.RawMessage) (K, string)) editor {
	return editor{verbs, func(e *edit, name string, op operation) string {
		list, problem := listAfter(*of(e.i), op, func(raw json.RawMessage) (K, string) { return find(e, raw) })
		if problem == notAnArray && name == "labels" {
			return notStrings(name)
		}
		if problem == "" {
			*of(e.i) = list
		}
		return problem
	}}
}

// listAfter is a list after an operation.
func listAfter[K ~string](have []K, op operation, find func(json.RawMessage) (K, string)) ([]K, string) {
	if op.verb != "set" {
		one, problem := find(op.value)
		switch {
		case problem != "":
			return nil, problem
		case op.verb == "remove":
			return slices.DeleteFunc(slices.Clone(have), func(k K) bool { return k == one }), ""
		case slices.Contains(have, one):
			return have, ""
		}
		return append(slices.Clip(have), one), ""
	}
	var parts []json.RawMessage
	if !empty(op.value) && json.Unmarshal(op.value, &parts) != nil {
		return nil, notAnArray
	}
	var out []K
	for _, raw := range parts {
		one, problem := find(raw)
		if problem != "" {
			return nil, problem
		}
		if !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	return out, ""
}

// notStrings is [notAnArray] of labels.
func notStrings(label string) string {
	return "Specify the value for " + label + " in an array of strings"
}

func findLabel(_ *edit, raw json.RawMessage) (string, string) {
	var label string
	switch {
	case json.Unmarshal(raw, &label) != nil:
		return "", notAString
	case strings.ContainsAny(label, " \t\r\n"):
		return "", "The label '" + label + "' contains spaces which is invalid."
	case len([]rune(label)) > maxLine:
		return "", "The label '" + label + "' exceeds the maximum length of 255 characters."
	}
	return label, ""
}

func findComponent(e *edit, raw json.RawMessage) (world.ComponentID, string) {
	ref, ok := referenceOf(raw)
	if !ok {
		return "", notNamed("Components")
	}
	for _, c := range e.tx.ComponentsOf(e.i.Project) {
		if ref.names(string(c.ID), c.Name) {
			return c.ID, ""
		}
	}
	return "", unknown("Component", ref)
}

func findVersion(e *edit, raw json.RawMessage) (world.VersionID, string) {
	ref, ok := referenceOf(raw)
	if !ok {
		return "", notNamed("Version")
	}
	for _, v := range e.tx.VersionsOf(e.i.Project) {
		if ref.names(string(v.ID), v.Name) {
			return v.ID, ""
		}
	}
	return "", unknown("Version", ref)
}

// unknown is what Jira says of a thing that is not in the project.
func unknown(kind string, ref reference) string {
	if ref.HasID {
		return kind + " id '" + ref.ID + "' is not valid"
	}
	return kind + " name '" + ref.Name + "' is not valid"
}
