package seed

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"time"
)

// shape is what a JSON value must look like, made from a Go type once. The decoder of the standard library would do
// without it, but takes names in any case, takes them twice, and does not say where.
type shape struct {
	is       form
	members  map[string]*shape // of an object
	names    []string          // of an object, in the order of the type
	required []string
	elem     *shape // of a list or of a dictionary
}

type form string

const (
	anything   form = "any JSON"
	object     form = "an object"
	dictionary form = "an object " // names are free
	list       form = "a list"
	text       form = "a string"
	rich       form = "a string or an ADF document"
	integer    form = "a whole number"
	boolean    form = "true or false"
	moment     form = `a time such as "2027-01-31T08:00:00Z"`
	day        form = `a day such as "2027-01-31"`
	blob       form = "a string of base64"
)

var (
	siteShape  = sync.OnceValue(func() *shape { return shapeOf(reflect.TypeFor[Site]()) })
	issueShape = sync.OnceValue(func() *shape { return shapeOf(reflect.TypeFor[Issue]()) })
)

func shapeOf(t reflect.Type) *shape {
	switch t {
	case reflect.TypeFor[json.RawMessage]():
		return &shape{is: anything}
	case reflect.TypeFor[Text]():
		return &shape{is: rich}
	case reflect.TypeFor[time.Time]():
		return &shape{is: moment}
	case reflect.TypeFor[Date]():
		return &shape{is: day}
	case reflect.TypeFor[[]byte]():
		return &shape{is: blob}
	case reflect.TypeFor[[]Option](): // the one type that holds itself
		return options()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return shapeOf(t.Elem())
	case reflect.String:
		return &shape{is: text}
	case reflect.Int:
		return &shape{is: integer}
	case reflect.Bool:
		return &shape{is: boolean}
	case reflect.Slice:
		return &shape{is: list, elem: shapeOf(t.Elem())}
	case reflect.Map:
		return &shape{is: dictionary, elem: shapeOf(t.Elem())}
	}
	s := &shape{is: object, members: map[string]*shape{}}
	for f := range t.Fields() {
		tag, ok := f.Tag.Lookup("json")
		if !ok {
			continue
		}
		name, opts, _ := strings.Cut(tag, ",")
		s.names = append(s.names, name)
		s.members[name] = shapeOf(f.Type)
		if opts == "" {
			s.required = append(s.required, name)
		}
	}
	return s
}

func options() *shape {
	s := &shape{is: list}
	o := &shape{is: object, names: []string{"id", "value", "disabled", "options"}, required: []string{"value"}}
	o.members = map[string]*shape{"id": {is: text}, "value": {is: text}, "disabled": {is: boolean}, "options": s}
	s.elem = o
	return s
}
