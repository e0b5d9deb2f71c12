package web

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/host/configset"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
)

// maxSetFields bounds the fields of the form: each thing of a file is one.
const maxSetFields = 6000

func setForm(c *fiber.Ctx) (map[string][]string, error) {
	body, err := read[struct {
		Form map[string][]string `json:"form"`
	}](c)
	if err != nil {
		return nil, invalid("The page sent something unreadable. Reload it.")
	}
	values := 0
	for _, v := range body.Form {
		values += len(v)
	}
	if len(body.Form) > maxSetFields || values > maxValues {
		return nil, invalid("The page sent too many fields. Import fewer features at once.")
	}
	return body.Form, nil
}

// setInput is what the form of an import says.
type setInput struct {
	configset.Import
	title, raw, template, seal string
}

const mapPrefix = "map:"

// input reads the form: the file or the template, and what was chosen.
func input(form map[string][]string) (in setInput, err error) {
	first := func(name string) string {
		if v := form[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	in.raw, in.template, in.seal = first("file"), first("template"), first("seal")
	if in.template != "" {
		in.File, err = configset.ReadTemplate(in.template)
	} else {
		in.File, err = configset.Read([]byte(in.raw))
	}
	if err != nil {
		return in, err
	}
	in.title = "From " + in.File.From
	for _, t := range configset.Templates() {
		if t.Name == in.template {
			in.title = t.Title
		}
	}
	in.Lenient, in.Map = first("lenient") != "", configset.Mapping{}
	if first("checked") == "" {
		in.Lenient = in.template != "" // few sites have everything that a template speaks of
		return in, nil
	}
	if in.Plugins = pluginIDs(form["plugin"]); len(in.Plugins) == 0 {
		return in, invalid("Choose one feature at least.")
	}
	for name, values := range form {
		source, id, ok := strings.Cut(strings.TrimPrefix(name, mapPrefix), ":")
		if !strings.HasPrefix(name, mapPrefix) || !ok || len(values) == 0 || values[0] == "" {
			continue
		}
		of := schemaform.Source(source)
		if in.Map[of] == nil {
			in.Map[of] = map[string]string{}
		}
		if in.Map[of][id] = values[0]; values[0] == ui.Out {
			in.Map[of][id] = ""
		}
	}
	for _, ref := range form["item"] {
		if !slices.Contains(form["take"], ref) {
			in.Skip = append(in.Skip, ref)
		}
	}
	return in, nil
}
