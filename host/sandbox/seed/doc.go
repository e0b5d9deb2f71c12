// Package seed describes what a sandbox site holds at first, as a stream: one [Site] with people, schemes and projects,
// then its issues one after the other, so that a million of them need no memory. It reads the format from JSON and CSV,
// writes it as JSON, and checks that every reference leads somewhere. It does not store anything: whoever does implements
// [Sink] and lets [Copy] fill it.
//
//	src, err := seed.ReadJSON("site.json", file)
//	if err != nil {
//		return err
//	}
//	return seed.Copy(sink, src)
//
// Below this one, package office is the small site with which a sandbox begins, and package company the large one.
package seed

import "iter"

// Stream is a site and its issues.
type Stream struct {
	Site *Site
	// Issues yields the issues in the order of their ids. An issue belongs to the receiver. After an error,
	// which is the last pair, the stream is of no further use. A stream of a file can be ranged over once.
	Issues iter.Seq2[*Issue, error]
}

// Sink takes a site. [Copy] calls its methods from one goroutine: Begin first, then Add and Link in turns, End last. The
// error of one ends the copy and is returned by Copy.
type Sink interface {
	// Begin takes everything but the issues. All references in it lead somewhere.
	Begin(site *Site) error
	// Add takes further issues. Keys are filled in and unique; people are named by account; parents have been added
	// before or stand before in the slice. Links are not in them but come with Link. The slice is valid during the call,
	// the issues for ever.
	Add(issues []*Issue) error
	// Link takes links between issues that were added. The slice is valid during the call.
	Link(links []Connection) error
	// End says that there is nothing more. It is not called after an error.
	End() error
}

// Connection is a link of two issues: From, the link type's outward phrase, To. OPS-3, depends on, OPS-9.
type Connection struct {
	Type     string // name of the link type
	From, To string // keys
}
