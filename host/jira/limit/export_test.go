package limit

// Route is the name under which a call is counted.
func Route(method, path string) string { return string(appendRoute(nil, method, path)) }

// IssueOf is the issue that a call writes.
func IssueOf(c Call) string { return issueOf(c) }

// Kept is how many sites are known, and endpoints and issues of them.
func (l *Limiter) Kept() (sites, groups, issues int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sites {
		groups += len(s.groups)
		issues += len(s.issues)
	}
	return len(l.sites), groups, issues
}
