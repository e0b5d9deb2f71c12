package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/surface"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
)

// Privacy is what the page on stored data is made from. It is counted when it is asked for, and the types are those by which
// writes are let through, so it says neither more nor less than there is.
type Privacy struct {
	// Report counts what is stored about a site.
	Report func(ctx context.Context, t tenant.Tenant) ([]privacy.Entry, error)
	Region string        // where the data lies; "" where the operator has not said
	Grace  time.Duration // for how long it is kept after an uninstallation
}

// never is what no kind takes.
var never = []string{
	"Summaries, descriptions, comments and attachments of issues",
	"Names and values of fields",
	"Names, mail addresses and pictures of people",
	"Data that is synchronized",
	"Browsers, IP addresses and places of visitors",
}

// storedPage says what is stored about the admin's site.
func (s *Server) storedPage(ctx context.Context, c *fiber.Ctx) error {
	t, _, err := s.opened(ctx, c)
	if err != nil {
		return err
	}
	page, err := s.stored(ctx, t)
	if err != nil {
		return err
	}
	page.DownloadCall = "stored"
	page.AdminURL = s.inJira(t, surface.AdminKey)
	var out bytes.Buffer
	shell := s.adminShell(t, s.AppName, adminAPI)
	if err := s.UI.Stored(&out, shell, page); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// downloadStored answers with the same as a file.
func (s *Server) downloadStored(ctx context.Context, c *fiber.Ctx) error {
	t, _, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	page, err := s.stored(ctx, t)
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(page, "", "  ")
	if err != nil {
		return fmt.Errorf("encode what is stored: %w", err)
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSONCharsetUTF8)
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="stored-`+page.At.Format(time.DateOnly)+`.json"`)
	return c.Send(append(body, '\n'))
}

// inJira is the address at which Jira shows a page of the host's own. Inside a frame of Forge it is a word for the script there, which
// asks Jira to lead on.
func (s *Server) inJira(t tenant.Tenant, module string) string {
	if t.OnForge() {
		return "#to=" + module
	}
	return t.BaseURL + "/plugins/servlet/ac/" + url.PathEscape(s.AppKey) + "/" + module
}

func (s *Server) stored(ctx context.Context, t tenant.Tenant) (ui.Stored, error) {
	entries, err := s.Privacy.Report(ctx, t)
	if err != nil {
		return ui.Stored{}, err
	}
	features, err := s.Features.List(ctx, t.ID)
	if err != nil {
		return ui.Stored{}, err
	}
	site, err := url.Parse(t.BaseURL)
	if err != nil {
		return ui.Stored{}, fmt.Errorf("address of tenant %s: %w", t.ID, err)
	}
	page := ui.Stored{
		AppName: s.AppName, Site: site.Host, At: s.Now().UTC().Round(time.Second), Region: s.Privacy.Region, Grace: s.Privacy.Grace,
		Sealed: "AES-256-GCM, with a key of your site’s own", Never: never, Plugins: []ui.StoredPlugin{},
		Groups: []ui.StoredGroup{{Title: s.AppName + " itself", Purpose: "What the app needs to know your site again, and what your admins chose"}},
	}
	page.Groups[0].Types = storedTypes(entries, "")
	for _, f := range features {
		page.Plugins = append(page.Plugins, storedPlugin(f))
		g := ui.StoredGroup{Title: f.Manifest.Name, Plugin: f.Manifest.ID, Types: storedTypes(entries, f.Manifest.ID)}
		settings, err := s.storedSettings(ctx, t.ID, f)
		if err != nil {
			return ui.Stored{}, err
		}
		configs, err := s.storedConfigs(ctx, t.ID, f)
		if err != nil {
			return ui.Stored{}, err
		}
		if g.Types = append(append(g.Types, settings...), configs...); len(g.Types) > 0 {
			page.Groups = append(page.Groups, g)
		}
	}
	for _, e := range entries { // of what is not installed any more
		if e.Former && !slices.ContainsFunc(page.Groups, func(g ui.StoredGroup) bool { return g.Plugin == e.Plugin }) {
			page.Groups = append(page.Groups, ui.StoredGroup{Title: string(e.Plugin) + " (not installed any more)", Plugin: e.Plugin, Types: storedTypes(entries, e.Plugin)})
		}
	}
	return page, nil
}

func storedTypes(entries []privacy.Entry, plugin capability.PluginID) []ui.StoredType {
	out := []ui.StoredType{}
	for _, e := range entries {
		if e.Plugin != plugin {
			continue
		}
		t := ui.StoredType{Name: e.Name, Purpose: e.Purpose, Documents: e.Documents, Retention: e.Retention(), Fields: []ui.StoredField{}}
		for _, f := range e.Fields {
			account := f.Kind == privacy.Account
			t.Fields = append(t.Fields, ui.StoredField{Name: f.Path, Kind: string(f.Kind), Meaning: f.Kind.Words(), Account: account, Sealed: f.Kind == privacy.Sealed})
			switch {
			case account && e.Erasure == privacy.EraseRecord:
				t.Erasure = "When an account that it names is closed, the record is deleted."
			case account:
				t.Erasure = "When an account that it names is closed, the record stays and the account goes."
			}
		}
		out = append(out, t)
	}
	return out
}

// storedSettings is what an admin can set of a feature. It stands inside of the feature's configuration, of which there is one
// document at most.
func (s *Server) storedSettings(ctx context.Context, t capability.TenantID, f feature.Feature) ([]ui.StoredType, error) {
	form, _, err := s.Features.Settings(ctx, t, f.Manifest.ID)
	if sdk.CodeOf(err) == sdk.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	typ := ui.StoredType{
		Name: "Settings", Purpose: "What your admins chose in the form of this feature, as a part of its configuration above",
		Retention: privacy.Type{}.Retention(), Fields: []ui.StoredField{},
	}
	if f.Choice.Settings != nil {
		typ.Documents = 1
	}
	settingFields(form.Fields, &typ.Fields)
	return []ui.StoredType{typ}, nil
}

// storedConfigs is what admins wrote for a feature, by type. All of it lies in the configuration documents above.
func (s *Server) storedConfigs(ctx context.Context, t capability.TenantID, f feature.Feature) ([]ui.StoredType, error) {
	var out []ui.StoredType
	for _, c := range f.Manifest.Configs {
		written, err := s.Features.Configured(ctx, t, f.Manifest.ID, c.Type)
		if err != nil {
			return nil, err
		}
		form, err := s.Features.ConfigForm(ctx, t, f.Manifest.ID, c.Type, "")
		if err != nil {
			return nil, err
		}
		typ := ui.StoredType{
			Name: c.Plural, Purpose: strings.TrimSuffix(c.Purpose, "."), Documents: int64(len(written.Documents) + len(written.Deleted)),
			Retention: "until an admin deletes it, and 30 days after that", Fields: []ui.StoredField{},
		}
		settingFields(form.Form.Fields, &typ.Fields)
		out = append(out, typ)
	}
	return out, nil
}

func settingFields(fields []schemaform.Field, out *[]ui.StoredField) {
	for _, f := range fields {
		switch f.Kind {
		case schemaform.Group:
			settingFields(f.Fields, out)
			continue
		case schemaform.Rows:
			var inner []ui.StoredField
			settingFields(f.Fields, &inner)
			for _, i := range inner {
				i.Name = f.Path + "." + i.Name
				*out = append(*out, i)
			}
			continue
		default:
		}
		kind := string(privacy.Configuration)
		switch _, _, document := f.From.Documents(); {
		case document:
			kind = manifest.KindConfig
		case f.From == schemaform.Users:
			kind = manifest.KindAccount
		case f.From != "":
			kind = "jira." + string(f.From)
		}
		*out = append(*out, ui.StoredField{Name: f.Path, Kind: kind, Meaning: privacy.Kind(kind).Words()})
	}
}

func storedPlugin(f feature.Feature) ui.StoredPlugin {
	p := ui.StoredPlugin{Name: f.Manifest.Name, Version: f.Manifest.Version, Enabled: f.Choice.Enabled, Permissions: []ui.StoredPermission{}}
	for _, wish := range f.Manifest.Wishes() {
		known := manifest.Known(wish.Name)
		p.Permissions = append(p.Permissions, ui.StoredPermission{
			Title: known.Title, Detail: known.Detail, Reason: wish.Reason, Granted: slices.Contains(f.Choice.Granted, wish.Name),
		})
	}
	return p
}
