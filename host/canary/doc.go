// Package canary finds out whether content has come to rest where it must not: it makes texts that stand nowhere else (a
// [Set] of canaries), which a test plants as content, and searches every byte that was written for them ([Search]), in
// whatever form it might have been written. It is for tests; it deletes, hides and protects nothing.
//
// # What a canary looks like
//
// All canaries of a set share two markers, random words that begin and end each of them, and differ in a number between:
//
//	head id é"'&<… id tail
//
// So the search has one pattern for each form and marker, however many canaries there are. What stands in the middle is
// what encodings change, so that a report can tell JSON from HTML. The markers are plain letters, which no escaping
// changes: quoting, HTML and form encoding all leave them whole. A value that is cut into two anywhere, as SQLite does at
// the end of a page, still has one whole end; and each end with its number says which canary it was. Where a place takes no
// such text, [Set.Plain] and [Set.Key] make canaries of letters alone.
//
// # What is found
//
// A marker in either case, in UTF-8 or UTF-16, as hex, base64 (any alignment, either alphabet), %XX, escapes of JSON, HTML
// and Go, or as numbers of bytes; in files, their names, symbolic links, and bytes that were never in a file; inside gzip,
// zlib, deflate, zip, zstd, snappy and s2, inside runs of base64 and hex, and in each other, to a bounded depth; in SQLite
// databases also through SQL, since only SQL can put together what lies scattered over pages.
//
// # What is not
//
// Anything encrypted. A piece of a value that is shorter than a marker. Raw deflate, and blocks of snappy or s2, that begin
// in the middle of a file, for they have no sign to know them by. Numbers and dates, which cannot be told from others.
//
//	set := canary.New(rand.Reader)
//	issue.Summary = set.Text("summary of OPS-1")
//	…                                             // let the program work with it
//	search := set.Search()
//	search.Dir(dataDirectory)
//	search.Bytes("stderr", log)
//	for _, hit := range search.Report().Hits { … }
package canary
