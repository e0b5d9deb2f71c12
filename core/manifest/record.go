package manifest

import (
	"maps"
	"slices"
	"strconv"
)

func (r *report) records(m *Manifest) {
	seen := map[string]int{}
	for i, rec := range m.Records {
		path := "$.records[" + strconv.Itoa(i) + "]"
		r.unique(seen, rec.Type, path+".type", i)
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
