package jira

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// lists are the names under which Jira's answers hold lists of what was asked for. Other lists are part of one object, such as the issue
// types of a project.
var lists = []string{"comments", "globalPermissions", "issues", "projectPermissions", "transitions", "values"}

// dear are parts of paths whose answers hold users, groups or permissions.
var dear = []string{"myself", "permissions", "user", "users"}

// reads are the calls that change nothing though they are posted.
var reads = []string{"/rest/api/3/search/", "/rest/api/3/issue/bulkfetch", "/rest/api/3/permissions/check"}

// objects is what a call costs beyond its own point, as https://developer.atlassian.com/cloud/jira/platform/rate-limiting/ has it: a point for
// each object that was read, two for users, groups and permissions, nothing for writes. It counts what was decoded, so that lists which
// nobody wanted are left out; what Jira says of the quota corrects it.
func objects(q call) int {
	if q.out == nil || q.method != http.MethodGet && !slices.ContainsFunc(reads, func(r string) bool { return strings.HasPrefix(q.path, r) }) {
		return 0
	}
	each := 1
	for part := range strings.SplitSeq(q.path, "/") {
		if slices.Contains(dear, part) {
			each = 2
		}
	}
	return each * count(reflect.ValueOf(q.out))
}

func count(v reflect.Value) int {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if v.Kind() == reflect.Slice {
		return v.Len()
	}
	if v.Kind() != reflect.Struct {
		return 1
	}
	n, found := 0, false
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if f := v.Field(i); f.Kind() == reflect.Slice && slices.Contains(lists, name) {
			n, found = n+f.Len(), true
		}
	}
	if !found {
		return 1
	}
	return n
}
