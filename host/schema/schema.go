// Package schema brings the documents of older versions of the host up to date, whatever driver keeps them. A driver's own
// format is the driver's business.
//
// The version of the documents is the number of migrations that have run. They only go forward: data of a newer version is
// refused, because an older host would not know what it must not lose.
package schema

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
)

// ErrNewer says that the documents were written by a newer version of Pergola.
var ErrNewer = errors.New("the data is of a newer version of Pergola")

// Migration leads from one version to the next. It may be interrupted and run again, and several hosts may run it at once,
// so it must not mind what was migrated already.
type Migration struct {
	Name string // for the error, such as "seal the secrets of sites"
	Run  func(ctx context.Context) error
}

const (
	collection = "schema"
	id         = "host"
)

var key = store.Key{Tenant: store.Platform, Collection: collection, ID: id}

type document struct {
	Version int `json:"version"`
}

// Types are the documents that this package keeps.
func Types() []privacy.Type {
	return []privacy.Type{{
		Collection: collection, Name: "Version of the data", Scope: privacy.OfPlatform, ID: privacy.Code,
		Purpose: "Know whether this version of the host can read the data", Fields: []privacy.Field{{Path: "version", Kind: privacy.Count}},
	}}
}

// Migrate runs what has not run yet of all, which is append-only, and returns how many did. ErrNewer where more have run than
// all has.
func Migrate(ctx context.Context, s store.Driver, all []Migration) (ran int, err error) {
	for {
		version, rev, err := read(ctx, s)
		if err != nil {
			return ran, err
		}
		if version > len(all) {
			return ran, newer(version, all)
		}
		if version == len(all) {
			return ran, nil
		}
		m := all[version]
		if err := m.Run(ctx); err != nil {
			return ran, fmt.Errorf("bring the data to version %d (%s): %w", version+1, m.Name, err)
		}
		body, err := json.Marshal(document{version + 1})
		if err != nil {
			return ran, fmt.Errorf("encode the data's version: %w", err)
		}
		_, err = s.Write(ctx, store.Op{Doc: store.Doc{Key: key, Body: body}, IfRev: rev})
		switch {
		case err == nil:
			ran++
		case !errors.Is(err, store.ErrConflict): // on a conflict another host has done the same
			return ran, fmt.Errorf("write the data's version: %w", err)
		}
	}
}

// Check returns nil where all have run, and nothing more. It changes nothing.
func Check(ctx context.Context, s store.Driver, all []Migration) error {
	version, _, err := read(ctx, s)
	switch {
	case err != nil:
		return err
	case version > len(all):
		return newer(version, all)
	case version < len(all):
		return fmt.Errorf("the documents have version %d, and this program is for version %d: start its host once, or use the program of the host that runs", version, len(all))
	}
	return nil
}

func newer(version int, all []Migration) error {
	return fmt.Errorf("%w: its documents have version %d, and this version reads up to %d; start the newer version again, or restore a backup that this version made", ErrNewer, version, len(all))
}

func read(ctx context.Context, s store.Driver) (version int, rev int64, err error) {
	d, err := s.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read the data's version: %w", err)
	}
	var doc document
	if err := json.Unmarshal(d.Body, &doc); err != nil || doc.Version < 0 {
		return 0, 0, fmt.Errorf("read the data's version: the document %s is damaged", key)
	}
	return doc.Version, d.Rev, nil
}
