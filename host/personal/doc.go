// Package personal answers for the one kind of personal data that the host keeps: account ids. Because every field that can
// hold one is declared (host/privacy), it can say which accounts a site's documents name, show what is held on one of them
// and erase it, for all plugins ([Directory]). A [Reporter] tells Atlassian on its cycle which accounts these are, and erases
// those of which it learns that they were closed.
package personal
