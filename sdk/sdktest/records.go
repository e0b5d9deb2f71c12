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
	if len(in.Records) > 500 {
		return nil, refuse(sdk.Invalid, "at most 500 records at a time")
	}
	next := maps.Clone(h.records)
	seen := map[store.Key]bool{}
	for i := range in.Records {
		r := &in.Records[i]
		key := store.Key{Type: r.Type, ID: r.ID}
		if err := h.fits(r); err != nil {
			return nil, err
		}
		if err := h.known(r.Type, r.ID); err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, refuse(sdk.Invalid, "the same record twice in one batch")
		}
		seen[key] = true
		if old := h.records[key]; old.Rev != r.Rev {
			return nil, refuse(sdk.Exists, "the record was written meanwhile; read it again")
		}
		r.Rev++
		next[key] = store.Record{Type: r.Type, ID: r.ID, Rev: r.Rev, Fields: maps.Clone(r.Fields)}
	}
	h.records = next
	return in, nil
}

func (h *Host) remove(k *store.Key) (msgp.Marshaler, error) {
	if err := h.known(k.Type, k.ID); err != nil {
		return nil, err
	}
	delete(h.records, *k)
	return nil, nil
}

func (h *Host) list(q *store.Query) (msgp.Marshaler, error) {
	if h.declared != nil && h.declared[q.Type] == nil {
		return nil, undeclared(q.Type)
	}
	if q.Limit < 0 || q.Limit > 500 {
		return nil, refuse(sdk.Invalid, "the limit is 1 to 500")
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
	limit := cmp.Or(q.Limit, 100)
	var out store.Listing
	for _, r := range h.sorted(q.Type) {
		if r.ID <= q.Cursor || q.Field != "" && r.Fields[q.Field] != q.Value {
			continue
		}
		if len(out.Records) == limit {
			out.Next = out.Records[limit-1].ID
			break
		}
		out.Records = append(out.Records, r)
	}
	return &out, nil
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

// fits checks a record's id and fields against their declaration.
func (h *Host) fits(r *store.Record) error {
	if h.declared == nil {
		return nil
	}
	declared := h.declared[r.Type]
	if declared == nil {
		return undeclared(r.Type)
	}
	if wrong := h.wrong(field{Kind: declared.ID.Kind}, r.ID); wrong != "" {
		return refuseField("id", wrong)
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
