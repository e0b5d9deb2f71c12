package privacy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
)

// Scope says under which tenant documents stand, and about whom they are.
type Scope int

// The scopes.
const (
	// OfSite documents stand under the site's tenant.
	OfSite Scope = iota
	// AboutSite documents stand under store.Platform and are about one site, such as the site itself.
	AboutSite
	// OfEach documents stand under every site's tenant, and under store.Platform for the installation itself.
	OfEach
	// OfPlatform documents are about the installation as a whole.
	OfPlatform
)

// Type declares a collection.
type Type struct {
	Collection string
	Name       string // for people, such as "Site"
	Purpose    string // why it is kept, a sentence without its full stop
	Scope      Scope
	ID         Kind
	// IDFields are the paths of the fields whose values, joined by dots, are the id; ID is empty then.
	IDFields []string
	Fields   []Field
	// Plugin is whose records these are, "" for the host's own documents.
	Plugin capability.PluginID
	// Keep is how long a document is kept after it was last written; 0 means until the site is purged, or for ever where it is
	// about the platform.
	Keep time.Duration
	// Kept says the same in words where there is more to say; "" makes the words of Keep.
	Kept string
	// Changed is the path of the time at which a document was last changed, "" where there is none.
	Changed string
	// Erasure says what happens to a document when an account that it holds is erased.
	Erasure Erasure
}

// Erasure is what the end of an account does to a document that names it.
type Erasure int

// The erasures.
const (
	EraseField  Erasure = iota // the field goes, the document stays
	EraseRecord                // the document goes
)

// Field declares one field of the documents' JSON.
type Field struct {
	// Path leads to it: names joined by dots; a list's name ends with "[]", such as "granted[]".
	Path string
	Kind Kind
	// Values are all that a field of kind Status may hold; nil means any word, for words of the host's own.
	Values []string
	// Index is the index under which the field's value stands, "" for none.
	Index string
	// Of is the path of what admins wrote where the accounts of the field come from: an account that goes out of the field goes out of there too.
	Of string
}

// accounts are the fields that hold account ids.
func (t Type) accounts() []Field {
	return slices.DeleteFunc(slices.Clone(t.Fields), func(f Field) bool { return f.Kind != Account })
}

// Retention says in words how long documents of the type are kept.
func (t Type) Retention() string {
	switch {
	case t.Kept != "":
		return t.Kept
	case t.Keep > 0:
		return fmt.Sprintf("%d days after the last change", int(t.Keep/(24*time.Hour)))
	case t.Scope == OfPlatform:
		return "as long as the installation exists"
	}
	return "until the app is uninstalled and the time of grace is over"
}

// recordPrefix begins the collections of plugins' records.
const recordPrefix = "rec."

// RecordCollection is where a plugin's records of a type are. No two plugins share one: a type has no dot, so what stands
// before the last dot is the plugin.
func RecordCollection(p capability.PluginID, typ string) string {
	return recordPrefix + string(p) + "." + typ
}

// recordOf is the inverse of RecordCollection.
func recordOf(collection string) (p capability.PluginID, typ string, ok bool) {
	rest, ok := strings.CutPrefix(collection, recordPrefix)
	dot := strings.LastIndexByte(rest, '.')
	if !ok || dot <= 0 {
		return "", "", false
	}
	return capability.PluginID(rest[:dot]), rest[dot+1:], true
}

// OfRecord is the Type of a record type that a manifest declares.
func OfRecord(m *manifest.Manifest, r manifest.Record) Type {
	t := Type{
		Collection: RecordCollection(m.ID, r.Type), Name: r.Type, Purpose: r.Purpose, Scope: OfSite, ID: Kind(r.ID.Kind), Plugin: m.ID,
		Keep: time.Duration(r.Retention.Days) * 24 * time.Hour, Changed: "written",
		Fields: []Field{{Path: "written", Kind: Time}},
	}
	for _, name := range r.ID.Fields {
		t.IDFields = append(t.IDFields, "fields."+name)
	}
	if r.Erasure == manifest.EraseRecord {
		t.Erasure = EraseRecord
	}
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		f := Field{Path: "fields." + name, Kind: Kind(r.Fields[name].Kind), Values: r.Fields[name].Values}
		if r.Fields[name].Indexed {
			f.Index = name
		}
		t.Fields = append(t.Fields, f)
	}
	return t
}
