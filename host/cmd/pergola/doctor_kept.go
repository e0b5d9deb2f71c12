package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/bundle"
	"github.com/pergola-platform/pergola/core/registry"
	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/doctor"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
)

// kept checks what the host keeps: directory, keys, store, and what stands in it. Nothing is made or changed.
func kept(ctx context.Context, r *doctor.Report, cfg config.Config) {
	if at, err := os.Stat(cfg.Data); err != nil || !at.IsDir() {
		r.Fail("data", "Name the host's data directory (--data, or data in the configuration); its first start makes it.", "there is no directory %s", cfg.Data)
		return
	}
	r.Private("data", cfg.Data)
	r.Disk(cfg.Data)
	file := app.KeyFile(cfg)
	if cfg.Store.Driver == "sqlite" && !embeddedStore(r, filepath.Join(cfg.Data, sqlitestore.File)) {
		return
	}
	if file != "" {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			r.Fail("keys", "Put the copy back that you keep apart from the data: without it the secrets of the sites are lost.", "there is no file %s, and the store was made with one", file)
			return
		}
		r.Private("keys", file)
	}
	var log bytes.Buffer
	storage, err := app.OpenBeside(ctx, cfg, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: wordsAlone})))
	if err != nil {
		r.Fail("store", "Nothing was changed. What is to be done stands in the message, or in the documentation of the setting that it names.", "%v", err)
		return
	}
	defer func() { _ = storage.Close() }()
	if err := storage.Store.Ping(ctx); err != nil {
		r.Fail("store", "See whether its server or disk works.", "%v", err)
		return
	}
	r.OK("store", "%s answers, and its documents are of this version", cfg.Store.Driver)
	for line := range strings.Lines(log.String()) {
		if !strings.Contains(line, "key is missing") { // the keys have lines of their own
			r.Warn("store", "Look whether that is meant.", "%s", strings.TrimSpace(line))
		}
	}
	checkKeys(ctx, r, storage)
	sites(ctx, r, storage)
	backedUp(r, cfg)
}

// wordsAlone leaves time and level out of a line of the log.
func wordsAlone(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
		return slog.Attr{}
	}
	return a
}

// embeddedStore says whether there is an embedded store that can be written.
func embeddedStore(r *doctor.Report, name string) bool {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.Warn("store", "That is right before the first start. Otherwise name the right data directory, or put a backup back (pergola admin restore).", "there is no store in %s", filepath.Dir(name))
		return false
	case err != nil:
		r.Fail("store", "Give the command as the host's own user; where that is so, mount the disk for writing.", "%s cannot be written", name)
		return false
	}
	return f.Close() == nil
}

func checkKeys(ctx context.Context, r *doctor.Report, storage *app.Storage) {
	needed, err := storage.Keys.Census(ctx, storage.Store)
	if err != nil {
		r.Fail("keys", "See whether the store works.", "what is encrypted could not be read: %v", err)
		return
	}
	wrong := false
	for _, id := range slices.Sorted(maps.Keys(needed)) {
		switch {
		case id == "":
			r.Fail("keys", "Put a backup back, or purge the sites to which they belong.", "%d keys of sites cannot be read", needed[id])
			wrong = true
		case !slices.Contains(storage.Ring().IDs(), id):
			r.Fail("keys", "Put the wrapping key back into keys.file, keys.ring or keys.kms, from the copy that you keep apart from the data.", "the wrapping key %s is not there, which %d keys of sites need", id, needed[id])
			wrong = true
		}
	}
	if !wrong {
		r.OK("keys", "all wrapping keys are there; what is new is encrypted with %s", storage.Ring().Primary())
	}
}

// lateRun is how long a run may wait for its turn before somebody should look.
const lateRun = time.Hour

// sites checks that what is kept of each site can be read, and what waits there.
func sites(ctx context.Context, r *doctor.Report, storage *app.Storage) {
	var count, closed, failed, waiting int
	var oldest time.Time
	err := eachSite(ctx, storage, func(t tenant.Tenant) error {
		if t.State != tenant.Active && t.State != tenant.Disabled {
			return nil
		}
		count++
		if _, err := storage.Tenants.ByID(ctx, t.ID); err != nil {
			closed++
			r.Fail("site "+string(t.ID), "Put the key back with which it was encrypted; a site that has the app installed anew gets another one.", "its secret cannot be opened: %v", err)
		}
		st, err := jobs.Stand(ctx, storage.Store, t.ID)
		if err != nil {
			return err
		}
		failed, waiting = failed+st.Failed, waiting+st.Waiting
		if !st.Oldest.IsZero() && (oldest.IsZero() || st.Oldest.Before(oldest)) {
			oldest = st.Oldest
		}
		return nil
	})
	if err != nil {
		r.Fail("sites", "See whether the store works.", "%v", err)
		return
	}
	if closed == 0 {
		r.OK("sites", "%d, and the secret of each can be opened", count)
	}
	switch late := time.Since(oldest); {
	case failed > 0:
		r.Warn("jobs", "Jira admins find them on the pages of synchronizations and plugins, with why; pergola admin sync runs lists those of a synchronization. Retry them there.", "%d runs failed for good", failed)
	case waiting > 0 && late > lateRun:
		r.Warn("jobs", "See whether a host runs and jobs.workers is enough.", "%d runs wait, the first of them for %s", waiting, late.Round(time.Minute))
	default:
		r.OK("jobs", "%d runs wait, none failed for good", waiting)
	}
	paused, err := tenant.NewQuarantines(storage.Store).List(ctx)
	for _, q := range paused {
		if q.Until.After(time.Now()) {
			r.Warn("plugin "+string(q.Plugin), "It is tried again by itself. If it stays so, its publisher can help; admins read why on its card.", "%s is paused on the site %s until %s: %s", q.Version, q.Tenant, q.Until.Format(time.DateTime), q.Reason())
		}
	}
	if err != nil {
		r.Fail("plugins", "See whether the store works.", "which are paused could not be read: %v", err)
	}
}

// backupFile notes when the last backup was made.
const backupFile = "last-backup"

func noteBackup(data string, now time.Time) error {
	return os.WriteFile(filepath.Join(data, backupFile), []byte(now.UTC().Format(time.RFC3339)+"\n"), 0o600)
}

// oldBackup is the age at which a backup is told of.
const oldBackup = 7 * 24 * time.Hour

func backedUp(r *doctor.Report, cfg config.Config) {
	if cfg.Store.Driver != "sqlite" {
		return // its own tools know
	}
	raw, err := os.ReadFile(filepath.Join(cfg.Data, backupFile))
	at, parsed := time.Parse(time.RFC3339, strings.TrimSpace(string(raw)))
	const do = "pergola admin backup FILE makes one while the host runs; keep it elsewhere, and the keys apart from it."
	switch {
	case err != nil || parsed != nil:
		r.Warn("backup", do, "none is known of; copies of the disk are not noted")
	case time.Since(at) > oldBackup:
		r.Warn("backup", do, "the last one was made %d days ago", int(time.Since(at)/(24*time.Hour)))
	default:
		r.OK("backup", "the last one was made on %s", at.Format(time.DateTime))
	}
}

// plugins checks what is in the plugin directory.
func plugins(r *doctor.Report, cfg config.Config) {
	const check = "plugins"
	dir, err := app.PluginDir(cfg)
	if err == nil {
		_, err = os.Stat(dir)
	}
	if err != nil {
		r.Fail(check, "Set plugins.dir to the directory that holds them.", "the plugin directory cannot be read: %v", err)
		return
	}
	trust, err := cfg.Plugins.Trust.Keys()
	if err != nil {
		r.Fail(check, "Mend plugins.trust.", "%v", err)
		return
	}
	found, err := registry.Open(dir, trust)
	if err != nil {
		r.Fail(check, "See whether the host's user may read it.", "%v", err)
		return
	}
	there, good := map[string]bool{}, 0
	for _, e := range found.Entries() {
		name := "plugin " + e.Dir
		if e.Manifest != nil {
			name = "plugin " + string(e.Manifest.ID)
			there[string(e.Manifest.ID)] = true
		}
		switch {
		case e.Reason != "":
			r.Fail(name, "Replace it by one that is whole and signed by a key in plugins.trust, or take it out.", "%s", e.Reason)
		case e.Manifest.Runtime.Kind == "process" && !approved(cfg.Plugins.Process.Allow, e.Digest[:]):
			r.Warn(name, "If you know this executable, add sha256:"+hex.EncodeToString(e.Digest[:])+" to plugins.process.allow; until then it does not serve.", "it is a process, and its digest is not approved")
		case e.Trust == bundle.Unsigned:
			r.Warn(name, "Have it signed by a key in plugins.trust, and set plugins.trust.allow_unsigned to false.", "nobody who is known signed it")
		default:
			good++
		}
	}
	for _, id := range cfg.Plugins.Enabled {
		if id != "*" && !there[id] {
			r.Warn("plugin "+id, "Install it (pergola plugin install), or take it out of plugins.enabled.", "plugins.enabled names it, and it is not there")
		}
	}
	if len(there) == 0 {
		r.Warn(check, "Set plugins.dir, or install some (pergola plugin install).", "there is none in %s", dir)
		return
	}
	r.OK(check, "%d of %d in %s can be served", good, len(found.Entries()), dir)
}

func approved(allow []string, digest []byte) bool {
	want := hex.EncodeToString(digest)
	return slices.ContainsFunc(allow, func(a string) bool { return strings.EqualFold(strings.TrimPrefix(a, "sha256:"), want) })
}
