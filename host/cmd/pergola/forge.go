package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pergola-platform/pergola/host/app"
)

type forgeCmd struct {
	Export forgeExportCmd `cmd:"" help:"Write the folder of the Forge app for the plugins of a host; its README says what to do with it. Again: bring it up to date."`
}

type forgeExportCmd struct {
	hostFlags `embed:""`
	Dir       string `arg:"" help:"Folder to write: empty, not there yet, or of an earlier export." placeholder:"DIR"`
	AppID     string `name:"app-id" help:"Id of the app; what is configured, or already stands in the folder, where none is named." placeholder:"ARI"`
}

func (c forgeExportCmd) Run(s streams) error {
	cfg, _, err := c.load(nil)
	if err != nil {
		return err
	}
	if c.AppID != "" {
		cfg.Forge.AppID = c.AppID
	}
	out, left, err := app.ExportForge(cfg, c.Dir)
	for _, reason := range left {
		fmt.Fprintf(s.err, "left out: %s\n", clean(reason))
	}
	if errors.Is(err, app.ErrForgeApp) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	if len(out.Changed)+len(out.Removed) == 0 {
		fmt.Fprintf(s.out, "%s: nothing to change\n", c.Dir)
	} else {
		fmt.Fprintf(s.out, "%s: %d files written\n", c.Dir, len(out.Changed))
	}
	if len(out.Removed) > 0 {
		fmt.Fprintf(s.out, "removed: %s\n", strings.Join(out.Removed, ", "))
	}
	if out.AppID == "" {
		fmt.Fprintf(s.out, "The app is not registered yet. %s says how.\n", filepath.Join(c.Dir, "README.md"))
	}
	return nil
}
