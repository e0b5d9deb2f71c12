package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// setting is one leaf of Config, found by its tags.
type setting struct {
	key, help string
	secret    bool
	index     []int
	typ       reflect.Type
}

func settings() []setting { return walk(reflect.TypeFor[Config](), "", nil) }

func walk(t reflect.Type, prefix string, index []int) []setting {
	var out []setting
	for i := range t.NumField() {
		f := t.Field(i)
		key := prefix + f.Tag.Get("koanf")
		at := append(append([]int(nil), index...), i)
		if f.Type.Kind() == reflect.Struct {
			out = append(out, walk(f.Type, key+".", at)...)
			continue
		}
		out = append(out, setting{key: key, help: f.Tag.Get("help"), secret: f.Tag.Get("secret") == "true", index: at, typ: f.Type})
	}
	return out
}

// parse turns the text of an environment variable or flag into what the file's parser would give: lists are separated by
// commas, everything else is left to the decoder.
func (s setting) parse(text string) any {
	if s.typ.Kind() != reflect.Slice {
		return text
	}
	list := []string{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

func (s setting) text(c *Config) string {
	v := reflect.ValueOf(c).Elem().FieldByIndex(s.index)
	switch value := v.Interface().(type) {
	case []string:
		return strings.Join(value, ",")
	case time.Duration:
		return value.String()
	case string:
		if s.secret && value != "" {
			return "[secret]"
		}
		return value
	default:
		return fmt.Sprint(value)
	}
}
