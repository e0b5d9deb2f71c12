package limit

import (
	"reflect"
	"slices"
	"strings"
)

// lists are the names under which Jira's answers hold lists of what was asked for. Other lists are part of one object,
// such as the issue types of a project.
var lists = []string{
	"comments", "globalPermissions", "histories", "issues", "keys", "projectPermissions", "results", "transitions", "users", "values", "worklogs",
}

// identity are parts of routes that answer with users, groups or permissions, which cost more to read.
var identity = []string{"group", "groups", "mypermissions", "myself", "permissions", "role", "user", "users"}

// Points is what an answer to a read costs beyond the call's own point: one for each object, two for each user, group or
// permission. body is what will be encoded as JSON; only its lists' lengths are looked at.
func Points(route string, body any) int {
	each := 1
	if slices.ContainsFunc(strings.Split(route, "/"), func(part string) bool { return slices.Contains(identity, part) }) {
		each = 2
	}
	return each * objects(reflect.ValueOf(body))
}

func objects(v reflect.Value) int {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	n, found := 0, false
	count := func(name string, v reflect.Value) {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if v.Kind() == reflect.Slice && slices.Contains(lists, name) {
			n, found = n+v.Len(), true
		}
	}
	switch v.Kind() {
	case reflect.Invalid:
		return 0
	case reflect.Slice:
		return v.Len()
	case reflect.Map:
		for _, key := range v.MapKeys() {
			count(key.String(), v.MapIndex(key))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			count(name, v.Field(i))
		}
	}
	if !found {
		return 1
	}
	return n
}
