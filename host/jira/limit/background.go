package limit

import "context"

type backgroundKey struct{}

// Background returns a context whose calls nobody waits for in front of a page, such as those of jobs: calls of the same site without the
// mark go first, and keep slots and points of their own.
func Background(ctx context.Context) context.Context {
	return context.WithValue(ctx, backgroundKey{}, true)
}

// InBackground says whether a context has the mark.
func InBackground(ctx context.Context) bool {
	marked, _ := ctx.Value(backgroundKey{}).(bool)
	return marked
}
