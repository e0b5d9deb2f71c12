package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
)

// sandboxCmd runs the site, and controls one that runs. The first is what it does without a further word.
type sandboxCmd struct {
	Serve siteCmd  `cmd:"" default:"withargs" help:"Run the site; what sandbox does without a further word."`
	Fault faultCmd `cmd:"" help:"Make a running site misbehave."`
}

type siteCmd struct {
	seedFlags `embed:""`
	Data      string        `help:"Directory of the site's data." default:"data/sandbox" placeholder:"DIR"`
	Listen    string        `help:"Address to serve on; port 0 takes a free one." default:"127.0.0.1:8090" placeholder:"HOST:PORT"`
	SearchLag time.Duration `help:"How long searches take to see a change, such as 2s." placeholder:"TIME"`
	JSON      bool          `help:"Print events as one JSON object a line." name:"json"`
}

func (c siteCmd) Run(ctx context.Context, s streams) error {
	cfg := app.SandboxConfig{Dir: c.Data, Listen: c.Listen, SearchLag: c.SearchLag, Log: newLog(s, config.Default().Log)}
	site, err := c.start(ctx, s, cfg, "--listen", "--data")
	if err != nil {
		return err
	}
	if c.JSON {
		printEvent(s.out, map[string]string{"event": "ready", "sandbox": site.URL()})
	} else {
		fmt.Fprintf(s.out, "\nA sandbox Jira site runs. Open\n\n    %s\n\n", site.Welcome())
	}
	<-ctx.Done()
	err = shut(site.Close)
	if c.JSON {
		printEvent(s.out, map[string]string{"event": "stopped"})
	}
	return err
}
