package forge

import (
	"net/url"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/surface"
)

// PathFunction is where Jira asks for the answer to a function in JQL, followed by the plugin and the function's key.
const PathFunction = "/forge/jql/"

// function is a function in JQL: https://developer.atlassian.com/platform/forge/manifest-reference/modules/jira-jql-function/.
type function struct {
	Key       string     `yaml:"key"`
	Name      string     `yaml:"name"`
	Endpoint  string     `yaml:"endpoint"`
	Arguments []argument `yaml:"arguments"`
	Types     []string   `yaml:"types"`
	Operators []string   `yaml:"operators"`
}

type argument struct {
	Name     string `yaml:"name"`
	Required bool   `yaml:"required"`
}

// answer adds a function in JQL, and the endpoint where Jira asks for its answers: the address says which function it is. A key is unique in the
// whole manifest.
func (f *file) answer(one surface.Function) {
	key := one.ModuleKey()
	m := function{Key: key, Name: one.Name, Endpoint: key + "--answer", Arguments: []argument{}, Types: one.Types, Operators: one.Operators}
	for _, a := range one.Arguments {
		m.Arguments = append(m.Arguments, argument{a.Name, a.Required})
	}
	f.Modules.Functions = append(f.Modules.Functions, m)
	f.Modules.Endpoints = append(f.Modules.Endpoints, endpoint{
		Key: m.Endpoint, Remote: remoteKey, Auth: tokens{System: enabled{true}},
		Route: &route{PathFunction + url.PathEscape(string(one.Plugin)) + "/" + url.PathEscape(one.Key)},
	})
}

// FunctionKey is the key by which Jira keeps the answers to a function of the app, on a site that has it from that environment:
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-jql-functions--apps-/.
func FunctionKey(environment string, plugin capability.PluginID, key string) string {
	return strings.Replace(environment, "::environment/", "::extension/", 1) + "/static/" + surface.FunctionKey(plugin, key)
}
