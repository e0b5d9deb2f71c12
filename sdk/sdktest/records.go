package sdktest

import (
	"cmp"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/store"
)

func (h *Host) get(k *store.Key) (msgp.Marshaler, error) {
	if err := h.known(k.Type, k.ID); err != nil {
		return nil, err
	}
	r, ok := h.records[*k]
	if !ok {
		return nil, refuse(sdk.NotFound, "there is no such record")
	}
	return &r, nil
}

func (h *Host) put(in *store.Records) (msgp.Marshaler, error) {
	return h.change(&store.Changes{Put: in.Records})
}

// change carries out all of c or nothing.
func (h *Host) change(c *store.Changes) (msgp.Marshaler, error) {
	if len(c.Put)+len(c.Delete) > 500 {
		return nil, refuse(sdk.Invalid, "at most 500 records at a time")
	}
	next := maps.Clone(h.records)
	seen := map[store.Key]bool{}
	for i := range c.Put {
		r := &c.Put[i]
		if err := h.fits(r); err != nil {
			return nil, err
		}
		if err := h.once(seen, r); err != nil {
			return nil, err
		}
		key := store.Key{Type: r.Type, ID: r.ID}
		if old := h.records[key]; old.Rev != r.Rev {
			return nil, moved()
		}
		r.Rev++
		next[key] = store.Record{Type: r.Type, ID: r.ID, Rev: r.Rev, Fields: maps.Clone(r.Fields)}
	}
	for i := range c.Delete {
		r := &c.Delete[i]
		if err := h.identify(r); err != nil {
			return nil, err
		}
		if err := h.once(seen, r); err != nil {
			return nil, err
		}
		key := store.Key{Type: r.Type, ID: r.ID}
		if old := h.records[key]; r.Rev != 0 && old.Rev != r.Rev {
			return nil, moved()
		}
		delete(next, key)
	}
	h.records = next
	return &store.Records{Records: c.Put}, nil
}

func moved() error {
	return refuse(sdk.Exists, "the record was written meanwhile; read it again")
}

// once checks which record r is, and that it is in a batch once.
func (h *Host) once(seen map[store.Key]bool, r *store.Record) error {
	if err := h.known(r.Type, r.ID); err != nil {
		return err
	}
	if r.Rev < 0 {
		return refuseField("rev", "there is no such revision")
	}
	key := store.Key{Type: r.Type, ID: r.ID}
	if seen[key] {
		return refuse(sdk.Invalid, "the same record twice in one batch")
	}
	seen[key] = true
	return nil
}

func (h *Host) remove(k *store.Key) (msgp.Marshaler, error) {
	if err := h.known(k.Type, k.ID); err != nil {
		return nil, err
	}
	delete(h.records, *k)
	return nil, nil
}

func (h *Host) list(q *store.Query) (msgp.Marshaler, error) {
	found, err := h.find(q)
	if err != nil {
		return nil, err
	}
	if q.Limit < 0 || q.Limit > 500 {
		return nil, refuse(sdk.Invalid, "the limit is 1 to 500")
	}
	limit := cmp.Or(q.Limit, 100)
	var out store.Listing
	for _, r := range found {
		if r.ID <= max(q.Cursor, q.After) {
			continue
		}
		if len(out.Records) == limit {
			out.Next = out.Records[limit-1].ID
			break
		}
		if q.IDs {
			r = h.named(r)
		}
		out.Records = append(out.Records, r)
	}
	return &out, nil
}

// named is what the id of a record says of it.
func (h *Host) named(r store.Record) store.Record {
	out := store.Record{Type: r.Type, ID: r.ID, Fields: map[string]string{}}
	if declared := h.declared[r.Type]; declared != nil {
		for i, value := range store.SplitID(r.ID) {
			if i < len(declared.ID.Fields) {
				out.Fields[declared.ID.Fields[i]] = value
			}
		}
	}
	return out
}

func (h *Host) count(q *store.Query) (msgp.Marshaler, error) {
	found, err := h.whole(q, 10_000)
	if err != nil {
		return nil, err
	}
	return tally(found, cmp.Or(q.Limit, 1000)), nil
}

func (h *Host) clear(q *store.Query) (msgp.Marshaler, error) {
	found, err := h.whole(q, 500)
	if err != nil {
		return nil, err
	}
	if q.Field == "" && len(q.Prefix) == 0 {
		return nil, refuseField("field", "say which records to delete: by a field, or by a prefix of their ids")
	}
	out := tally(found, cmp.Or(q.Limit, 500))
	for _, r := range found[:out.Records] {
		delete(h.records, store.Key{Type: r.Type, ID: r.ID})
	}
	return out, nil
}

func tally(found []store.Record, limit int) *store.Tally {
	return &store.Tally{Records: min(len(found), limit), More: len(found) > limit}
}

// whole finds what a query that has no pages finds.
func (h *Host) whole(q *store.Query, most int) ([]store.Record, error) {
	if q.Cursor != "" || q.After != "" {
		return nil, refuseField("cursor", "only a list has pages; leave the cursor out")
	}
	if q.Limit < 0 || q.Limit > most {
		return nil, refuseField("limit", "the limit is 1 to "+strconv.Itoa(most))
	}
	return h.find(q)
}

// find returns the records of a query, in the order of their ids.
func (h *Host) find(q *store.Query) ([]store.Record, error) {
	if h.declared != nil && h.declared[q.Type] == nil {
		return nil, undeclared(q.Type)
	}
	if h.declared != nil && q.Field != "" {
		f, ok := h.declared[q.Type].Fields[q.Field]
		if !ok || !f.Indexed {
			return nil, refuseField(q.Field, "the field is not declared with indexed in plugin.json")
		}
		if wrong := f.wrong(q.Value); wrong != "" {
			return nil, refuseField(q.Field, wrong)
		}
	}
	if err := h.leads(q); err != nil {
		return nil, err
	}
	prefix := ""
	if len(q.Prefix) > 0 {
		prefix = store.JoinID(q.Prefix...) + "."
	}
	return slices.DeleteFunc(h.sorted(q.Type), func(r store.Record) bool {
		return !strings.HasPrefix(r.ID, prefix) || q.Field != "" && r.Fields[q.Field] != q.Value
	}), nil
}

// leads checks the prefix of a query against the fields of which ids are made.
func (h *Host) leads(q *store.Query) error {
	if h.declared == nil || len(q.Prefix) == 0 {
		return nil
	}
	declared := h.declared[q.Type]
	if len(q.Prefix) >= max(1, len(declared.ID.Fields)) {
		return refuseField("prefix", "a prefix has values of the first fields of which plugin.json makes the id, and not of all of them")
	}
	for i, value := range q.Prefix {
		if wrong := declared.Fields[declared.ID.Fields[i]].wrong(value); wrong != "" {
			return refuseField("prefix", wrong)
		}
	}
	return nil
}

func (h *Host) sorted(typ string) []store.Record {
	var out []store.Record
	for k, r := range h.records {
		if k.Type == typ {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b store.Record) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// known checks a record's type and id.
func (h *Host) known(typ, id string) error {
	if h.declared != nil && h.declared[typ] == nil {
		return undeclared(typ)
	}
	if !store.ValidID(id) {
		return refuseField("id", "a record's id is 1 to 128 of A-Z a-z 0-9 . _ -")
	}
	return nil
}

func undeclared(typ string) error {
	return refuseField("type", "the record type "+strconv.Quote(typ)+" is not declared in plugin.json")
}

func refuseField(field, message string) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: field, Message: message}
}

// fits checks a record's id and fields against their declaration, and fills in an id that is made of fields.
func (h *Host) fits(r *store.Record) error {
	if h.declared == nil {
		return nil
	}
	declared := h.declared[r.Type]
	if declared == nil {
		return undeclared(r.Type)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		f, ok := declared.Fields[name]
		if !ok {
			return refuseField(name, "the field is not declared in plugin.json")
		}
		if wrong := h.wrong(f, r.Fields[name]); wrong != "" {
			return refuseField(name, wrong)
		}
	}
	if len(declared.ID.Fields) > 0 {
		return declared.derive(r)
	}
	if wrong := h.wrong(field{Kind: declared.ID.Kind}, r.ID); wrong != "" {
		return refuseField("id", wrong)
	}
	return nil
}

// identify fills in the id of a record that is named by the fields of which its id is made.
func (h *Host) identify(r *store.Record) error {
	if r.ID != "" || h.declared == nil || h.declared[r.Type] == nil || len(h.declared[r.Type].ID.Fields) == 0 {
		return nil
	}
	declared := h.declared[r.Type]
	for _, name := range declared.ID.Fields {
		if value, ok := r.Fields[name]; ok {
			if wrong := declared.Fields[name].wrong(value); wrong != "" {
				return refuseField(name, wrong)
			}
		}
	}
	return declared.derive(r)
}

// derive makes a record's id of its fields, or compares the two.
func (d *record) derive(r *store.Record) error {
	values := make([]string, len(d.ID.Fields))
	for i, name := range d.ID.Fields {
		if values[i] = r.Fields[name]; values[i] == "" {
			return refuseField(name, "the id is made of this field, so each record needs it")
		}
	}
	id := store.JoinID(values...)
	if r.ID != "" && r.ID != id {
		return refuseField("id", "the id is not that of the fields; with other values it is another record")
	}
	r.ID = id
	return nil
}

// wrong says what a field wants instead of the value, "" where it fits.
func (h *Host) wrong(f field, value string) string {
	if f.Kind == store.KindToken && !h.minted[value] {
		return "want a token that store.Tokens returned"
	}
	if f.Kind == store.KindConfig && h.indexOf(f.Config, value) < 0 {
		return "want the id of a document of the config " + f.Config
	}
	return f.wrong(value)
}

// wrong says what a field wants instead of the value, "" where it fits as far as the declaration tells.
func (f field) wrong(value string) string {
	if f.Kind == store.KindStatus && !slices.Contains(f.Values, value) {
		return "want one of " + strings.Join(f.Values, ", ")
	}
	var e *sdk.Error
	if errors.As(store.Validate(f.Kind, value), &e) {
		return e.Message
	}
	return ""
}

// mint makes tokens: others in each call, the same in every test. The host accepts these and no others.
func (h *Host) mint(in *store.Mint) (msgp.Marshaler, error) {
	if in.Count < 1 || in.Count > 500 {
		return nil, refuseField("count", "ask for 1 to 500 tokens at a time")
	}
	random := rand.New(h.random)
	out := &store.Minted{}
	for range in.Count {
		token := make([]byte, store.TokenLength)
		for i := range token {
			token[i] = store.TokenAlphabet[random.IntN(len(store.TokenAlphabet))]
		}
		h.minted[string(token)] = true
		out.Tokens = append(out.Tokens, string(token))
	}
	return out, nil
}
