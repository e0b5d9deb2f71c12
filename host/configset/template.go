package configset

import (
	"context"
	"embed"
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
)

//go:embed templates/*.json
var templateFiles embed.FS

// templatePrefix begins the origin of a template's documents.
const templatePrefix = "template:"

// Template is a file that comes with the host. What it names has symbolic ids, and names that sites often have.
type Template struct {
	Name    string // such as cmdb
	Title   string
	Purpose string
}

// Templates are all of them, in the order in which they are offered.
func Templates() []Template {
	return []Template{
		{"cmdb", "IT assets (CMDB)", "Laptops, software, contracts and suppliers with the employees who use them: what is installed where, what a supplier delivers, which contract covers it."},
		{"crm", "Customers (CRM)", "Companies with their contacts and deals: who belongs to which company, and a deal offers the contacts of its company alone."},
		{"hr", "People (HR)", "Employees with their managers, departments and positions, and the equipment that they have."},
	}
}

// templates are their names.
var templates = func() map[string]bool {
	out := map[string]bool{}
	for _, t := range Templates() {
		out[t.Name] = true
	}
	return out
}()

// ReadTemplate returns the file of a template.
func ReadTemplate(name string) (*File, error) {
	if !templates[name] {
		return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf("There is no template %.64q.", name)}
	}
	raw, err := templateFiles.ReadFile("templates/" + name + ".json")
	if err != nil {
		return nil, fmt.Errorf("read the template %s: %w", name, err)
	}
	return Read(raw)
}

// relationPlugin writes what every template is built on.
const relationPlugin capability.PluginID = "pergola.links"

// Bare says whether a site could begin with a template: the plugin of relations is switched on, and nobody has written one.
func (s *Service) Bare(ctx context.Context, t capability.TenantID) (bool, error) {
	parts, err := s.features.Parts(ctx, t)
	if err != nil {
		return false, err
	}
	for _, p := range parts {
		if p.Manifest.ID != relationPlugin || !p.Choice.Enabled {
			continue
		}
		for _, typ := range p.Types {
			for _, d := range typ.Documents {
				if d.Deleted.IsZero() {
					return false, nil
				}
			}
		}
		return true, nil
	}
	return false, nil
}
