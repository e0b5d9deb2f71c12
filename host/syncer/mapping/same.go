package mapping

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
)

// Same says whether a field of an issue holds already what is to be written, by what Jira answers for it.
func (m *Mapping) Same(typ, field string, now json.RawMessage, want any) bool {
	raw, err := json.Marshal(want)
	if err != nil {
		return false
	}
	a, okA := plain(now)
	b, okB := plain(raw)
	if !okA || !okB {
		return false
	}
	return same(KindOf(m.site[typ][field]), a, b)
}

func plain(raw json.RawMessage) (out any, ok bool) {
	if len(raw) == 0 {
		return nil, true
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return out, d.Decode(&out) == nil
}

func same(k Kind, now, want any) bool {
	switch k {
	case Number:
		a, okA := now.(json.Number)
		b, okB := want.(json.Number)
		if !okA || !okB {
			return now == nil && want == nil
		}
		x, errX := a.Float64()
		y, errY := b.Float64()
		return a == b || errX == nil && errY == nil && x == y
	case DateTime:
		a, okA := now.(string)
		b, okB := want.(string)
		x, errX := time.Parse(momentForm, a)
		y, errY := time.Parse(momentForm, b)
		return okA == okB && (a == b || errX == nil && errY == nil && x.Equal(y))
	case Labels, Options, Users, NamedList:
		return slices.Equal(names(now), names(want))
	case Option, User, Named, Parent:
		return name(now) == name(want)
	case Cascading:
		return name(now) == name(want) && name(below(now)) == name(below(want))
	case Document:
		return equal(bare(now), bare(want))
	}
	return equal(now, want)
}

// name is by what a value is known: a text as it is, an object by the id that it has.
func name(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		for _, key := range []string{"accountId", "id", "key"} {
			if s, ok := v[key].(string); ok {
				return s
			}
		}
	}
	return ""
}

func names(v any) []string {
	list, _ := v.([]any)
	out := make([]string, len(list))
	for i := range list {
		out[i] = name(list[i])
	}
	slices.Sort(out)
	return out
}

func below(v any) any {
	o, _ := v.(map[string]any)
	return o["child"]
}

// bare is a document without the ids that Jira gives its nodes.
func bare(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = bare(v[i])
		}
	case map[string]any:
		delete(v, "localId")
		for k := range v {
			v[k] = bare(v[k])
		}
	}
	return v
}

func equal(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
