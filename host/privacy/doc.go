// Package privacy is the list of what may be stored, and the gate that keeps everything else out of the store.
//
// Every collection is declared by a [Type]: what it is for, what its documents' ids are, and each field with its [Kind]. The
// packages that keep documents declare theirs; plugins declare theirs in plugin.json ([OfRecord]). A [Gate] stands in front
// of the store and refuses a write whose collection, field or value is not declared, whoever wrote it. The page that tells
// an admin what is stored, the search for a person's account and the purge of a site are made from the same list, so none of
// them can forget a field.
//
// The gate knows forms, not meanings: it keeps sentences, names and values out because no kind takes them.
package privacy
