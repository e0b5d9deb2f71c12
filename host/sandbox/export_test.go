package sandbox

// Operation is a row of the REST table, for tests.
type Operation struct{ Method, Path, Scope string }

// Operations lists the REST operations that a site serves.
func Operations() []Operation {
	var out []Operation
	for _, op := range (&Site{}).operations() {
		out = append(out, Operation{op.method, op.path, op.scope.String()})
	}
	return out
}

// Settle waits until no webhook is on its way.
func (s *Site) Settle() { s.sender.Settle() }
