// Package audit keeps who changed what of a site, when, and from where: accounts, ids and words of ours, and nothing of what was written.
//
//	entry.go  what is kept, and the words for it      trail.go  kept, listed, expired
//
// An entry is written after the change that it tells of. Where that write fails the change stands, and the host's log says so: an
// admin whose change is refused because nobody could take note of it would try again, and be told that it is there already.
package audit
