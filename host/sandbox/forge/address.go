package forge

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
)

// navigation is a NavigationLocation of @forge/bridge.
type navigation struct {
	Target    string `json:"target"`
	Module    string `json:"moduleKey"`
	Path      string `json:"path"`
	Project   string `json:"projectKey"`
	Issue     string `json:"issueKey"`
	Account   string `json:"accountId"`
	Dashboard string `json:"dashboardId"`
}

// address is where a navigation leads on this site. Profiles are lists of what somebody has, and there is one dashboard.
func (s *Forge) address(p *place) (any, error) {
	var to navigation
	if err := json.Unmarshal(p.Payload, &to); err != nil {
		return nil, rest.Fail(http.StatusBadRequest, "router: want a target with its parameters as texts.")
	}
	var path string
	switch to.Target {
	case "issue":
		path = inPath("/browse/", to.Issue)
	case "userProfile":
		if to.Account != "" {
			path = "/issues?jql=" + url.QueryEscape(`assignee = "`+to.Account+`"`)
		}
	case "projectSettingsDetails":
		if path = inPath("/projects/", to.Project); path != "" {
			path += "/settings"
		}
	case "dashboard":
		if to.Dashboard != "" {
			path = "/"
		}
	case "module":
		return s.moduleAddress(p, to)
	default:
		return nil, rest.Fail(http.StatusNotImplemented, "router: the sandbox has no target %q.", to.Target)
	}
	if path == "" {
		return nil, rest.Fail(http.StatusBadRequest, "router: the target %s says not which one.", to.Target)
	}
	return s.Base + path, nil
}

// inPath is an address with something at its end, "" without it.
func inPath(path, what string) string {
	if what == "" {
		return ""
	}
	return path + url.PathEscape(what)
}

// moduleAddress is where a page of the app's own is.
func (s *Forge) moduleAddress(p *place, to navigation) (any, error) {
	each := p.m.module(to.Module)
	switch {
	case each == nil || !slices.Contains(ownPages, each.Kind):
		return nil, rest.Fail(http.StatusNotFound, "router: the app has no page %q.", to.Module)
	case slices.Contains(ofProjects, each.Kind) && to.Project == "":
		return nil, rest.Fail(http.StatusBadRequest, "router: %s is a page of projects: say which by projectKey.", to.Module)
	}
	route, err := url.Parse("/" + strings.TrimPrefix(to.Path, "/"))
	if err != nil {
		return nil, rest.Fail(http.StatusBadRequest, "router: the path %q is wrong.", to.Path)
	}
	out := s.Base + "/forge/apps/" + url.PathEscape(string(p.app.Key)) + "/" + each.Key
	if to.Path != "" {
		out += route.EscapedPath()
	}
	query := route.RawQuery
	if slices.Contains(ofProjects, each.Kind) {
		query = strings.TrimSuffix("project="+url.QueryEscape(to.Project)+"&"+query, "&")
	}
	if query != "" {
		out += "?" + query
	}
	if route.Fragment != "" {
		out += "#" + route.EscapedFragment()
	}
	return out, nil
}
