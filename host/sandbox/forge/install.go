package forge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/session"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Request is what a Forge app is installed from: the address of a manifest, or its text.
type Request struct {
	Manifest  string            `json:"manifest"`  // address of manifest.yml
	Source    string            `json:"source"`    // or what stands in it
	Variables map[string]string `json:"variables"` // values for ${NAME}
	Resources map[string]string `json:"resources"` // where the files of a resource are, by its key; otherwise its tunnel, or beside the manifest
}

func refuse(format string, args ...any) error {
	return &connect.InstallError{Message: fmt.Sprintf(format, args...)}
}

// Install installs an app, or upgrades the one that is installed.
func (s *Forge) Install(ctx context.Context, in Request, by world.AccountID) (*world.App, error) {
	raw, err := s.source(ctx, in)
	if err != nil {
		return nil, err
	}
	m, err := Parse(raw, in.Variables)
	if err != nil {
		return nil, refuse("The manifest was refused: %s.", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	filled := variableForm.ReplaceAllStringFunc(string(raw), func(v string) string { return in.Variables[v[2:len(v)-1]] })
	for key, address := range in.Resources {
		if u, err := url.Parse(address); m.resource(key) == nil || err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, refuse("resources: %q is no resource of the manifest, or %q no http or https address.", key, address)
		}
	}
	s.installMu.Lock()
	defer s.installMu.Unlock()
	if err := s.needKey(); err != nil {
		return nil, err
	}
	_, id, _ := strings.Cut(m.App.ID, "/")
	key := world.AppKey(id)
	if m.App.Connect.Key != "" {
		key = world.AppKey(m.App.Connect.Key)
	}
	f := &world.Forge{
		ID: m.App.ID, Installation: "ari:cloud:ecosystem::installation/" + world.NewUUID(), Version: "1.0.0",
		Environment: "ari:cloud:ecosystem::environment/" + id + "/" + uuidOf("environment", id),
		Source:      in.Manifest, Manifest: filled, Resources: in.Resources,
	}
	event, upgrade := "avi:forge:installed:app", false
	if old := s.Store.State().Apps.Get(key); old != nil && old.Forge != nil {
		upgrade = old.State != world.AppUninstalled
		if event, err = succeed(f, old.Forge, m, upgrade); err != nil {
			return nil, err
		}
	}
	name := m.App.Name
	if name == "" {
		name = string(key)
	}
	descriptor, err := m.descriptor(string(key), name, s.Base)
	if err != nil {
		return nil, err
	}
	app, err := s.Apps.InstallDescriptor(ctx, connect.Installation{URL: in.Manifest, Descriptor: descriptor, Forge: f, Upgrade: upgrade}, by)
	if err != nil {
		return nil, err
	}
	if err := s.Store.ChangeAs(by, func(tx *world.Tx) error { return settleFields(tx, app, m) }); err != nil {
		return nil, err
	}
	if event != "" {
		s.lifecycle(app, event, by)
	}
	return app, nil
}

// succeed makes f the version after old, and says which event tells of it. A reinstalled app is another installation; of an
// upgrade the app only hears if it is a major one, which one of scopes, remotes or the Connect key makes it.
func succeed(f, old *world.Forge, m *Manifest, upgrade bool) (event string, err error) {
	before, err := Parse([]byte(old.Manifest), nil)
	if err != nil {
		return "", fmt.Errorf("read the manifest that was installed: %w", err)
	}
	major := !reflect.DeepEqual(before.Permissions, m.Permissions) || !reflect.DeepEqual(before.Remotes, m.Remotes) || before.App != m.App
	f.Version, f.Properties = old.Version, old.Properties
	if old.Manifest != f.Manifest {
		f.Version = nextVersion(old.Version, major)
	}
	if !upgrade {
		f.Properties = nil // they are the installation's
		return "avi:forge:installed:app", nil
	}
	f.Installation = old.Installation
	if reflect.DeepEqual(before.of(scheduledTrigger), m.of(scheduledTrigger)) {
		f.Triggered = old.Triggered
	}
	if major {
		return "avi:forge:upgraded:app", nil
	}
	return "", nil
}

func nextVersion(version string, major bool) string {
	parts := strings.Split(version, ".")
	n := 1
	if major {
		n, parts = 0, []string{parts[0], "0", "0"}
	}
	number, _ := strconv.Atoi(parts[n]) // it was written here
	parts[n] = strconv.Itoa(number + 1)
	return strings.Join(parts, ".")
}

// needKey makes the key of invocation tokens with the first Forge app.
func (s *Forge) needKey() error {
	if s.Store.State().ForgeKey.ID != "" {
		return nil
	}
	key, err := world.NewSigningKey()
	if err != nil {
		return err
	}
	return s.Store.Change(func(tx *world.Tx) error {
		site := tx.EditSite()
		site.ForgeKey = key
		return tx.Put(site)
	})
}

// maxManifest is the largest manifest that the site reads.
const maxManifest = 1 << 20

func (s *Forge) source(ctx context.Context, in Request) ([]byte, error) {
	if in.Source != "" {
		return []byte(in.Source), nil
	}
	u, err := url.Parse(in.Manifest)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, refuse("%q is not the http or https address of a manifest.", in.Manifest)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, in.Manifest, nil)
	if err != nil {
		return nil, refuse("%q is not the address of a manifest.", in.Manifest)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, refuse("The manifest at %s could not be fetched.", in.Manifest)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxManifest))
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, refuse("The manifest at %s could not be fetched: the answer was %d.", in.Manifest, resp.StatusCode)
	}
	return raw, nil
}

// lifecycle tells an app of its own installation.
func (s *Forge) lifecycle(app *world.App, event string, by world.AccountID) {
	tail := func(ari string) string { return ari[strings.LastIndexByte(ari, '/')+1:] }
	who := "installerAccountId"
	if event == "avi:forge:upgraded:app" {
		who = "upgraderAccountId"
	}
	s.Emit(app.Key, event, object{
		"id": tail(app.Forge.Installation), who: by, "environment": object{"id": tail(app.Forge.Environment)},
		"app": object{"id": tail(app.Forge.ID), "version": app.Forge.Version},
	})
}

// beforeUninstall gives the app its last word, as the module preUninstall says, and hides its fields.
func (s *Forge) beforeUninstall(ctx context.Context, app *world.App) {
	if app.Forge == nil {
		return
	}
	m, err := manifest(app)
	if err != nil {
		s.Logger.Error("read a manifest", "error", err)
		return
	}
	for _, each := range m.of(preUninstall) {
		if each.Endpoint == "" {
			continue
		}
		st := s.Store.State()
		body := object{"context": s.context(st, each.Key)}
		if err := s.callOnce(ctx, st, app, m, m.endpoint(each.Endpoint), each.Key, body); err != nil {
			s.Logger.WarnContext(ctx, "preUninstall", "app", app.Key, "error", err)
		}
	}
	if err := s.Store.Change(func(tx *world.Tx) error { return settleFields(tx, app, &Manifest{}) }); err != nil {
		s.Logger.ErrorContext(ctx, "hide fields", "app", app.Key, "error", err)
	}
}

// callOnce calls an endpoint without another try.
func (s *Forge) callOnce(ctx context.Context, st *world.State, app *world.App, m *Manifest, e *Endpoint, module string, body object) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	remote := m.Remote(e.Remote)
	h, err := s.headers(st, app, m, invocation{remote: remote, auth: e.Auth, kind: "core:endpoint", key: e.Key, context: s.context(st, module)})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, string(remote.Base)+e.Route.Path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	r.Header = h
	r.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("the remote answered %d", resp.StatusCode)
	}
	return nil
}

// installAPI takes JSON, or the YAML of a manifest as it is.
func (s *Forge) installAPI(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxManifest))
	var in Request
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil:
	case strings.Contains(kind, "yaml"):
		in.Source = string(raw)
	default:
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		err = d.Decode(&in)
	}
	if err != nil || (in.Manifest == "") == (in.Source == "") {
		rest.WriteJSON(w, http.StatusBadRequest, object{
			"message": `Want a JSON body such as {"manifest": "http://localhost:3000/manifest.yml"}, or the manifest itself with Content-Type: application/yaml.`,
		})
		return
	}
	by := world.Mia
	if u := session.User(r, s.Store.State()); u != nil {
		by = u.Account
	}
	app, err := s.Install(r.Context(), in, by)
	var refused *connect.InstallError
	switch {
	case errors.As(err, &refused):
		rest.WriteJSON(w, http.StatusUnprocessableEntity, object{"message": refused.Message})
	case err != nil:
		rest.WriteError(s.Logger, w, r, err)
	default:
		rest.WriteJSON(w, http.StatusCreated, s.appJSON(app))
	}
}

func (s *Forge) appJSON(app *world.App) object {
	st := s.Store.State()
	out := object{
		"key": app.Key, "state": app.State, "account": app.Account, "id": app.Forge.ID, "version": app.Forge.Version,
		"installationId": app.Forge.Installation, "cloudId": CloudID(st), "apiBaseUrl": s.APIBase(st), "jwks": s.Base + "/.well-known/jwks.json",
	}
	if m, err := manifest(app); err == nil {
		modules := []object{}
		for _, each := range m.Modules {
			modules = append(modules, object{"kind": each.Kind, "key": each.Key})
		}
		out["modules"], out["unshown"] = modules, slices.Clip(append([]string{}, m.Unshown...))
		if m.App.Connect.Key != "" {
			out["clientKey"] = app.ClientKey
		}
	}
	return out
}

func (s *Forge) listAPI(w http.ResponseWriter, _ *http.Request) {
	out := []object{}
	for _, app := range s.Store.State().InstalledApps() {
		if app.Forge != nil {
			out = append(out, s.appJSON(app))
		}
	}
	rest.WriteJSON(w, http.StatusOK, object{"apps": out})
}

func (s *Forge) uninstallAPI(w http.ResponseWriter, r *http.Request) {
	by := world.Mia
	if u := session.User(r, s.Store.State()); u != nil {
		by = u.Account
	}
	err := s.Apps.Change(r.Context(), world.AppKey(r.PathValue("appKey")), world.AppUninstalled, by)
	var refused *connect.InstallError
	switch {
	case errors.As(err, &refused):
		rest.WriteJSON(w, http.StatusUnprocessableEntity, object{"message": refused.Message})
	case err != nil:
		rest.WriteError(s.Logger, w, r, err)
	default:
		rest.WriteJSON(w, http.StatusNoContent, nil)
	}
}

func (s *Forge) logAPI(w http.ResponseWriter, _ *http.Request) {
	rest.WriteJSON(w, http.StatusOK, object{"attempts": s.courier.Log()})
}
