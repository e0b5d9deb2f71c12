// Command pergola is the one program of Pergola: the host, the development set-up and the stand-in Jira site.
//
// Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 a plugin bundle was refused (damaged, changed or not trusted) or the brake stopped the run
// of a synchronization, 4 a container registry failed or refused, 5 a version was refused (older, or taken by another content). Logs go to stderr; stdout carries only what was asked for.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/pergola-platform/pergola/host/app"
)

// Exit codes.
const (
	exitFailed   = 1
	exitUsage    = 2
	exitRefused  = 3 // of admin sync run: the brake stopped it
	exitRegistry = 4
	exitVersion  = 5
)

type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run the host."`
	Dev     devCmd     `cmd:"" help:"Run host and sandbox Jira site together, with the app installed and a project to try it on."`
	Sandbox sandboxCmd `cmd:"" help:"Run the sandbox Jira site alone, or make a running one misbehave."`
	Plugin  pluginCmd  `cmd:"" help:"Pack, sign, check, publish and install plugin bundles."`
	Forge   forgeCmd   `cmd:"" help:"Make the app that Jira Cloud sites install by Atlassian Forge."`
	Admin   adminCmd   `cmd:"" help:"Look after what a host keeps: sites, accounts, keys, backups, moves."`
	Config  configCmd  `cmd:"" help:"Print the effective configuration and where each value came from."`
	Doctor  doctorCmd  `cmd:"" help:"Check an installation, and say what to mend."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// usageError marks an error as the caller's: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func main() {
	if err := noDumps(); err != nil {
		fmt.Fprintf(os.Stderr, "pergola: keep crashes from writing memory into files: %v\n", err)
		os.Exit(exitFailed)
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second Ctrl-C ends the program at once
	}()

	code := 0
	parser, err := kong.New(&cli{}, kong.Name("pergola"),
		kong.Description("An open, multi-tenant platform for asset management in Jira."),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(stdout, stderr), kong.Exit(func(c int) { code = c; panic(exitNow{}) }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(streams{stdout, stderr}))
	if err != nil {
		panic(err) // the declaration above is wrong
	}
	return parse(parser, args, stderr, &code)
}

// exitNow carries kong's wish to end (after --help) up to parse.
type exitNow struct{}

func parse(parser *kong.Kong, args []string, stderr io.Writer, code *int) (status int) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(exitNow); !ok {
				panic(r)
			}
			status = *code
		}
	}()
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "pergola: %v\nTry pergola --help.\n", err)
		return exitUsage
	}
	err = command.Run()
	// Interrupting a server is how it ends; interrupting what makes a file or sends one means that it was not done.
	if err == nil || errors.Is(err, context.Canceled) && !works(command.Command()) {
		return 0
	}
	fmt.Fprintf(stderr, "pergola: %v\n", err)
	return exitOf(err)
}

// works says whether a command does something to its end, other than one that serves until it is interrupted.
func works(command string) bool {
	return strings.HasPrefix(command, "plugin ") || strings.HasPrefix(command, "forge ") || strings.HasPrefix(command, "admin ") || command == "doctor" || strings.HasPrefix(command, "sandbox fault ")
}

// streams are the program's outputs.
type streams struct{ out, err io.Writer }

type versionCmd struct{}

func (versionCmd) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, app.Version())
	return err
}
