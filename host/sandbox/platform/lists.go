package platform

import (
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
)

// order sorts a list as orderBy asks: a name, with - in front for the other direction; "" leaves it as it is.
func order[T any](list []T, by string, known map[string]func(a, b T) int) error {
	name := strings.TrimLeft(by, "+-")
	if name == "" {
		return nil
	}
	compare := known[name]
	if compare == nil {
		return rest.Fail(http.StatusBadRequest, "The list cannot be ordered by '%s'.", name)
	}
	slices.SortStableFunc(list, func(a, b T) int {
		if strings.HasPrefix(by, "-") {
			return compare(b, a)
		}
		return compare(a, b)
	})
	return nil
}

func compareFold(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// set changes what a body gives a value for.
func set[T any](to, value *T) {
	if value != nil {
		*to = *value
	}
}
