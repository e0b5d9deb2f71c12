// Package configset carries what admins wrote for plugins, configuration documents and settings, from one Jira site to another as a file,
// and sets up new sites by templates, which are such files. Start with [New].
//
// A [File] is JSON that people can read. Whatever is an id of a site in it, as the schemas of the plugins say (x-jira), stands in a table
// with the key or the name that it had when the file was written. Nothing of that table is stored: it is read from Jira for the file, and
// read again from the other site to propose which thing there is meant.
//
// An import is a [Plan] first: which thing of the file is which here, and of each document whether it would be created, changed or stay as it
// is, or why it is refused. The guards of the plugins judge each as when an admin saves it, as if all of them were there. Then all of it is
// written at once, or nothing. For [Regret] it can be undone: exactly what it wrote, unless somebody edited that since.
//
// Importing a file twice changes nothing the second time: a document is known again by its id, by the id that its origin gives it here, or by
// its name. There are no secrets in a file: no document can hold one. People are account ids, which are the same on every site; one stays
// where the account is there and active, and is left out otherwise.
package configset
