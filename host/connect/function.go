package connect

import (
	"net/url"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/surface"
)

// FunctionPath is where Jira asks for the answer to a function in JQL, followed by the plugin and the function's key.
const FunctionPath = "/connect/jql/"

// jqlFunction is a function in JQL: https://developer.atlassian.com/cloud/jira/platform/modules/jql-functions/
type jqlFunction struct {
	Key       string        `json:"key"`
	Name      string        `json:"name"`
	URL       string        `json:"url"`
	Arguments []jqlArgument `json:"arguments"`
	Operators []string      `json:"operators"`
	Types     []string      `json:"types"`
}

type jqlArgument struct {
	Name     string `json:"name"`
	Required bool   `json:"required"`
}

// spelled is how Connect spells operators.
var spelled = map[string]string{manifest.OperatorIn: "in", manifest.OperatorNotIn: "not_in"}

// functionModule is the key of the module of a function.
func functionModule(plugin capability.PluginID, function string) string {
	return manifest.ConnectModuleKey(plugin, "function--"+function)
}

// FunctionKey is the key by which Jira keeps the answers to a function of an app.
func FunctionKey(appKey string, plugin capability.PluginID, function string) string {
	return appKey + "__" + functionModule(plugin, function)
}

// answer adds a function in JQL.
func (d *descriptor) answer(f surface.Function) {
	m := jqlFunction{
		Key: functionModule(f.Plugin, f.Key), Name: f.Name, URL: FunctionPath + url.PathEscape(string(f.Plugin)) + "/" + url.PathEscape(f.Key),
		Arguments: []jqlArgument{}, Types: f.Types,
	}
	for _, a := range f.Arguments {
		m.Arguments = append(m.Arguments, jqlArgument{a.Name, a.Required})
	}
	for _, o := range f.Operators {
		m.Operators = append(m.Operators, spelled[o])
	}
	d.Modules.Functions = append(d.Modules.Functions, m)
}
