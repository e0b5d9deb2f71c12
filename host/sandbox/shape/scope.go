package shape

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Scope says where an option that an app has made is shown and can be chosen.
type Scope struct {
	Scope *struct {
		Projects  []int64      `json:"projects"`
		Projects2 []scopedPart `json:"projects2"`
		Global    *scopedPart  `json:"global"`
	} `json:"scope"`
	Attributes []string `json:"attributes"`
}

type scopedPart struct {
	ID         int64    `json:"id"`
	Attributes []string `json:"attributes"`
}

// ScopeOf is the scope of an option; one without is for every project.
func ScopeOf(o world.FieldOption) (s Scope) {
	if len(o.Config) > 0 {
		_ = json.Unmarshal(o.Config, &s) // it was checked when the option was made
	}
	return s
}

// Shown says whether the project has the option: if the scope names it, or everything.
func (s Scope) Shown(p world.ProjectID) bool {
	if s.Scope == nil || s.Scope.Global != nil || len(s.Scope.Projects) == 0 && len(s.Scope.Projects2) == 0 {
		return true
	}
	_, named := s.project(p)
	return named
}

// Selectable says whether people can choose the option in the project. What is said of the project counts before what is said of
// everything.
func (s Scope) Selectable(p world.ProjectID) bool {
	attributes := s.Attributes
	if s.Scope != nil && s.Scope.Global != nil && len(s.Scope.Global.Attributes) > 0 {
		attributes = s.Scope.Global.Attributes
	}
	if own, named := s.project(p); named && own != nil {
		attributes = own
	}
	return !slices.Contains(attributes, "notSelectable")
}

func (s Scope) project(p world.ProjectID) (attributes []string, named bool) {
	if s.Scope == nil {
		return nil, false
	}
	for _, part := range s.Scope.Projects2 {
		if strconv.FormatInt(part.ID, 10) == string(p) {
			return part.Attributes, true
		}
	}
	return nil, slices.ContainsFunc(s.Scope.Projects, func(id int64) bool { return strconv.FormatInt(id, 10) == string(p) })
}

// Parts are the projects that the scope names, and all attributes in it.
func (s Scope) Parts() (projects []int64, attributes []string) {
	attributes = slices.Clone(s.Attributes)
	if s.Scope == nil {
		return nil, attributes
	}
	projects = slices.Clone(s.Scope.Projects)
	for _, part := range s.Scope.Projects2 {
		projects, attributes = append(projects, part.ID), append(attributes, part.Attributes...)
	}
	if s.Scope.Global != nil {
		attributes = append(attributes, s.Scope.Global.Attributes...)
	}
	return projects, attributes
}
