package manifest

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/sdk/store"
)

func (r *report) records(m *Manifest) {
	seen := map[string]int{}
	for i, rec := range m.Records {
		path := "$.records[" + strconv.Itoa(i) + "]"
		r.unique(seen, rec.Type, path+".type", i)
		r.recordID(rec, path+".id")
		account := ""
		for _, name := range slices.Sorted(maps.Keys(rec.Fields)) {
			f := rec.Fields[name]
			inner := member(path+".fields", name)
			switch {
			case f.Kind == KindStatus && len(f.Values) == 0:
				r.add(inner+".values", "is missing", `add all the words that the field can hold, such as "values": ["active", "revoked"]`)
			case f.Kind != KindStatus && len(f.Values) > 0:
				r.add(inner+".values", "only a "+KindStatus+" has words to choose from", "leave it out")
			case f.Kind == KindAccount && !f.Indexed:
				r.add(inner, "the host could not find the records of an account that is erased", `add "indexed": true`)
			}
			r.configOf(m, f, inner)
			if f.Kind == KindAccount {
				account = name
			}
		}
		switch {
		case account != "" && rec.Erasure == "":
			r.add(path+".erasure", "is missing, but the field "+account+" is a "+KindAccount,
				`add "erasure": "record" if the record goes when the account is erased, "field" if it stays without the account`)
		case account == "" && rec.Erasure != "":
			r.add(path+".erasure", "no field is a "+KindAccount, "leave it out")
		}
	}
}

// recordID checks what the ids of a type's records are.
func (r *report) recordID(rec Record, path string) {
	switch id := rec.ID; {
	case id.Kind == "" && len(id.Fields) == 0:
		r.add(path, "does not say what the ids are", `add "kind": "platform.token", or "fields": [...] with the names of the fields of which they are made`)
		return
	case id.Kind != "" && len(id.Fields) > 0:
		r.add(path, "says that the ids are of a kind and that they are made of fields", "leave one of the two out")
		return
	}
	longest := len(rec.ID.Fields) - 1 // dots
	for i, name := range rec.ID.Fields {
		inner := path + ".fields[" + strconv.Itoa(i) + "]"
		f, ok := rec.Fields[name]
		switch {
		case !ok:
			r.add(inner, strconv.Quote(name)+" is no field of the record", "declare it in fields, or name one that is there")
		case f.Kind == KindAccount:
			r.add(inner, "the field is a "+KindAccount+", which no id can hold: an account that is erased has to go, and an id never changes",
				"make the id of other fields")
		case !slices.Contains(PartKinds(), f.Kind):
			r.add(inner, "the field is a "+f.Kind+", of which no id can be made", "name a field of one of the kinds "+strings.Join(PartKinds(), ", "))
		}
		longest += f.longest()
	}
	if longest > maxRecordID {
		r.add(path+".fields", "the ids could have "+count(longest, "character"), "write at most "+strconv.Itoa(maxRecordID)+": name fewer fields, or shorten the words of a "+KindStatus)
	}
}

// maxRecordID is how long an id can be, see store.ValidID.
const maxRecordID = 128

// longest is the length of the longest value of a field of which an id can be made.
func (f Field) longest() int {
	switch f.Kind {
	case KindField:
		return len("customfield_") + 19
	case KindStatus:
		most := 0
		for _, word := range f.Values {
			most = max(most, len(word))
		}
		return most
	case KindToken:
		return store.TokenLength
	case KindSwitch:
		return len("false")
	}
	return 19 // digits of a numeric id
}
