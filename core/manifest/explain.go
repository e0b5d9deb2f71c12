package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	neturl "net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// explain reports a validation error in plain words. What to write comes from the schema itself: patternErrorMessage and
// errorMessage (which editors show too), description and examples.
func (r *report) explain(e *jsonschema.ValidationError) { r.explainIn(e, nil) }

// explainIn walks to the leaves of e. around are the schemas above it that are about the same value: one that refers to
// another by $ref holds the better example.
func (r *report) explainIn(e *jsonschema.ValidationError, around []words) {
	here := append(slices.Clone(around), wordsAt(e.SchemaURL))
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			if len(cause.InstanceLocation) == len(e.InstanceLocation) {
				r.explainIn(cause, here)
			} else {
				r.explainIn(cause, nil)
			}
		}
		return
	}
	path := r.pathOf(e.InstanceLocation)
	schema := here[len(here)-1]
	example := func() string {
		for _, w := range slices.Backward(here) {
			if s := w.example(); s != "" {
				return ", such as " + s
			}
		}
		return ""
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		var want []string
		for _, t := range k.Want {
			want = append(want, typeName(t))
		}
		r.add(path, "is "+typeName(k.Got), "write "+strings.Join(want, " or ")+example())
	case *kind.Enum:
		r.add(path, show(k.Got)+" is not known", choose(k.Got, k.Want))
	case *kind.Const:
		r.add(path, show(k.Got)+" does not fit", "write "+show(k.Want))
	case *kind.Required:
		for _, name := range k.Missing {
			w := schema.property(name)
			write := fmt.Sprintf("add %q", name)
			if s := w.example(); s != "" {
				write += ": " + s
			}
			if s := w.summary(); s != "" {
				write += " (" + s + ")"
			}
			r.add(member(path, name), "is missing", write)
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			wrong, write := schema.unknownName(name)
			r.add(member(path, name), wrong, write)
		}
	case *kind.Pattern:
		write := "write what the pattern " + k.Want + " allows"
		if s := schema.text("patternErrorMessage"); s != "" {
			write = s
		}
		r.add(path, show(k.Got)+" does not fit", write+example())
	case *kind.Format:
		r.add(path, show(k.Got)+" is not of the format "+k.Want, "write one that is"+example())
	case *kind.MinLength:
		r.add(path, "is too short", fmt.Sprintf("write at least %s", count(k.Want, "character")))
	case *kind.MaxLength:
		r.add(path, fmt.Sprintf("has %s", count(k.Got, "character")), fmt.Sprintf("write at most %d", k.Want))
	case *kind.MinItems:
		r.add(path, fmt.Sprintf("has %s", count(k.Got, "member")), fmt.Sprintf("write at least %d", k.Want))
	case *kind.MaxItems:
		r.add(path, fmt.Sprintf("has %s", count(k.Got, "member")), fmt.Sprintf("write at most %d", k.Want))
	case *kind.MinProperties:
		r.add(path, "is empty", "add at least "+count(k.Want, "member")+example())
	case *kind.MaxProperties:
		r.add(path, fmt.Sprintf("has %s", count(k.Got, "member")), fmt.Sprintf("write at most %d", k.Want))
	case *kind.UniqueItems:
		r.add(path, fmt.Sprintf("the members %d and %d are equal", k.Duplicates[0], k.Duplicates[1]), "leave one of them out")
	case *kind.Minimum:
		r.add(path, "is "+decimal(k.Got), "write "+decimal(k.Want)+" or more")
	case *kind.Maximum:
		r.add(path, "is "+decimal(k.Got), "write "+decimal(k.Want)+" or less")
	case *kind.ExclusiveMinimum:
		r.add(path, "is "+decimal(k.Got), "write more than "+decimal(k.Want))
	case *kind.MultipleOf:
		r.add(path, decimal(k.Got)+" is not a multiple of "+decimal(k.Want), "write one that is")
	default:
		r.add(path, k.LocalizedString(message.NewPrinter(language.English)), "write what the schema says"+example())
	}
}

// words is a part of the schema in which a message finds its words.
type words map[string]any

// wordsAt returns the part of the manifest's schema at url, empty where it is of another schema.
func wordsAt(url string) words {
	_, fragment, _ := strings.Cut(url, "#")
	if plain, err := neturl.PathUnescape(fragment); err == nil {
		fragment = plain
	}
	if !strings.HasPrefix(url, schemaURL) {
		return nil
	}
	node := compiled().doc
	for part := range strings.SplitSeq(strings.TrimPrefix(fragment, "/"), "/") {
		if part == "" {
			continue
		}
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch n := node.(type) {
		case map[string]any:
			node = n[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(n) {
				return nil
			}
			node = n[i]
		}
	}
	w, _ := node.(map[string]any)
	return w
}

func (w words) text(name string) string {
	s, _ := w[name].(string)
	return s
}

// summary returns the first sentence of the description.
func (w words) summary() string {
	first, _, _ := strings.Cut(w.text("description"), ". ")
	return strings.TrimSuffix(first, ".")
}

func (w words) example() string {
	if list, ok := w["examples"].([]any); ok && len(list) > 0 {
		return show(list[0])
	}
	return ""
}

// property returns the words of a property, through a $ref for what stands only there.
func (w words) property(name string) words {
	all, _ := w["properties"].(map[string]any)
	p, _ := all[name].(map[string]any)
	if ref, ok := p["$ref"].(string); ok {
		merged := words{}
		maps.Copy(merged, wordsAt(schemaURL+ref))
		maps.Copy(merged, p)
		return merged
	}
	return p
}

// unknownName says what is wrong with a name that the object may not have, and what to write.
func (w words) unknownName(name string) (wrong, write string) {
	if s := w.text("errorMessage"); s != "" { // names of the plugin's own
		return "cannot be used as a name", s
	}
	all, _ := w["properties"].(map[string]any)
	names := slices.Sorted(maps.Keys(all))
	if near := nearest(name, names); near != "" {
		return "is not known here", fmt.Sprintf("did you mean %q?", near)
	}
	return "is not known here", "leave it out, or use one of " + strings.Join(names, ", ")
}

func choose(got any, want []any) string {
	texts := make([]string, len(want))
	names := make([]string, len(want))
	for i, w := range want {
		texts[i] = show(w)
		names[i], _ = w.(string)
	}
	if s, ok := got.(string); ok && len(want) > 1 {
		if near := nearest(s, names); near != "" {
			return fmt.Sprintf("did you mean %q?", near)
		}
	}
	if len(texts) == 1 {
		return "write " + texts[0]
	}
	return "write one of " + strings.Join(texts, ", ")
}

// nearest returns the one of names that name is most likely a slip of the pen of, "" where none is near.
func nearest(name string, names []string) string {
	best, at := "", 3
	for _, n := range names {
		d := distance(strings.ToLower(name), strings.ToLower(n))
		if d < at && d < max(len(n), 2)/2+1 {
			best, at = n, d
		}
	}
	return best
}

// distance counts the letters to insert, remove or change (Levenshtein).
func distance(a, b string) int {
	if len(a) > maxName || len(b) > maxName {
		return maxName
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// show returns a value as JSON, cut to what fits into a line.
func show(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	text := []rune(strings.TrimSpace(b.String()))
	if len(text) > 120 {
		return string(text[:119]) + "…"
	}
	return string(text)
}

func typeName(t string) string {
	switch t {
	case "object":
		return "an object in { }"
	case "array":
		return "a list in [ ]"
	case "string":
		return "a string"
	case "integer":
		return "a whole number"
	case "number":
		return "a number"
	case "boolean":
		return "true or false"
	default:
		return t
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func decimal(r *big.Rat) string {
	f, _ := r.Float64()
	return strconv.FormatFloat(f, 'f', -1, 64)
}
