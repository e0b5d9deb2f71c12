package mongostore

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// Config says where the database is. URI and Database are required.
type Config struct {
	// URI names the servers and how to reach them, for example
	// "mongodb://pergola:secret@a.example,b.example/?replicaSet=rs0&authSource=admin". Its read and write concerns, its read
	// preference and its retries have no effect: the store sets what its promises rest on. No error shows it.
	URI string
	// Database is the store's own database, 1 to 63 of A-Z a-z 0-9 _ -. Collections of others have no place in it.
	Database string
	// ServerWait is how long an operation waits for a server that is not there; 0 means 5 s.
	ServerWait time.Duration
	// Timeout bounds an operation, a whole batch included. A write that has begun takes that long at most after its caller
	// went away, and so does Close. 0 means 30 s.
	Timeout time.Duration
	// WithoutTransactions takes a server that has no transactions, for trials: a standalone mongod, or another program that
	// speaks the protocol. There a batch happens step by step. Others see it half done; what was done is taken back where a later
	// step fails, unless the server or the host is gone by then; and a page may show documents of two moments. On a server that
	// has transactions it changes nothing.
	WithoutTransactions bool
}

// String hides the URI, which may hold a password.
func (c Config) String() string { return "database " + c.Database }

// GoString does as String.
func (c Config) GoString() string { return c.String() }

// ErrNoTransactions says that the server cannot write a batch whole or not at all.
var ErrNoTransactions = errors.New("the server has no transactions")

// indexTimeout bounds the building of an index on data that is there already.
const indexTimeout = time.Hour

// Open connects to the database, creates its collections and indexes where they are missing, and brings older data up to date.
// Opening it from several hosts at once is no error. Errors: ErrNewer, ErrNoTransactions, store.ErrUnavailable. What the
// server has beyond or against what the store expects is not touched; see [Store.IndexDifferences].
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if cfg.ServerWait == 0 {
		cfg.ServerWait = 5 * time.Second
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	s := &Store{where: cfg.String(), timeout: cfg.Timeout}
	if err := s.connect(cfg); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := s.prepare(ctx, cfg); err != nil {
		s.disconnect()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("open store: %w", err)
	}
	return s, nil
}

// databaseName is narrower than what MongoDB takes, and the same on every system that it runs on.
var databaseName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}$`)

func (c Config) check() error {
	if c.URI == "" {
		return errors.New("no URI: set it to where MongoDB is, such as mongodb://localhost/?replicaSet=rs0")
	}
	if !databaseName.MatchString(c.Database) || slices.Contains([]string{"admin", "local", "config"}, strings.ToLower(c.Database)) {
		return fmt.Errorf("the database is named %q: use 1 to 63 of A-Z a-z 0-9 _ -, and none of admin, local and config, which are MongoDB's own", c.Database)
	}
	if c.ServerWait < 0 || c.Timeout < 0 {
		return fmt.Errorf("a wait of %s for a server within a timeout of %s: neither may be negative", c.ServerWait, c.Timeout)
	}
	return nil
}

// connect makes the client. It asks the network nothing but the SRV record, where the URI says so.
func (s *Store) connect(cfg Config) error {
	o := options.Client().ApplyURI(cfg.URI)
	if o.Auth != nil {
		s.secrets = append(s.secrets, o.Auth.Password)
		for _, v := range o.Auth.AuthMechanismProperties {
			s.secrets = append(s.secrets, v)
		}
	}
	majority := writeconcern.Majority()
	journal := true
	majority.Journal = &journal
	o.SetReadConcern(readconcern.Majority()).SetWriteConcern(majority).SetReadPreference(readpref.Primary())
	o.SetRetryReads(true).SetRetryWrites(true)
	o.SetServerSelectionTimeout(cfg.ServerWait).SetConnectTimeout(cfg.ServerWait)
	o.SetTimeout(cfg.Timeout) // bounds committing and aborting, which the driver detaches from the context
	if o.AppName == nil {
		o.SetAppName("pergola")
	}
	client, err := mongo.Connect(o)
	if err != nil {
		return badURI(cfg.URI, err)
	}
	s.where += " at " + strings.Join(o.Hosts, ",")
	s.client = client
	db := client.Database(cfg.Database)
	s.docs, s.formats = db.Collection("doc"), db.Collection("format")
	return nil
}

// badURI says what is wrong with a URI. The driver's words may quote a part of it, so they are passed on only where it can hold
// no secret.
func badURI(uri string, err error) error {
	const form = "mongodb://user:password@host:port/?replicaSet=name, each special character of user and password as %XX"
	lower := strings.ToLower(uri)
	for _, sign := range []string{"@", "%", "password", "properties", "token", "secret"} {
		if strings.Contains(lower, sign) {
			return errors.New("the URI of MongoDB cannot be used; its form is " + form)
		}
	}
	return fmt.Errorf("the URI of MongoDB cannot be used; its form is %s (%s)", form, err.Error())
}

func (s *Store) prepare(ctx context.Context, cfg Config) error {
	if err := s.probe(ctx, cfg.WithoutTransactions); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, indexTimeout)
	defer cancel()
	return s.createIndexes(ctx)
}

// snapshotWire is the protocol's version of MongoDB 5.0, the first that reads a snapshot outside of a transaction.
const snapshotWire = 13

// probe asks the server what it is.
func (s *Store) probe(ctx context.Context, without bool) error {
	var hello struct {
		SetName string `bson:"setName"` // of a replica set
		Msg     string `bson:"msg"`     // "isdbgrid" of a router to a sharded cluster
		Wire    int    `bson:"maxWireVersion"`
	}
	if err := s.docs.Database().RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return s.fail("ask the server what it is", err)
	}
	s.transactions = hello.SetName != "" || hello.Msg == "isdbgrid"
	switch {
	case s.transactions && hello.Wire < snapshotWire:
		return fmt.Errorf("%s is older than MongoDB 5.0: update the server", s.where)
	case !s.transactions && !without:
		return fmt.Errorf("%w: %s stands alone; make it a replica set of one: start mongod with --replSet rs0, run rs.initiate() in mongosh once, and add replicaSet=rs0 to the URI", ErrNoTransactions, s.where)
	}
	return nil
}

// Close waits for what is running and closes the connections. Closing twice is no error.
func (s *Store) Close() error {
	if s.gate.close() {
		s.disconnect()
	}
	return nil
}

// disconnect says goodbye to the servers. That they do not answer is no error of closing: nothing is lost by it.
func (s *Store) disconnect() {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	_ = s.client.Disconnect(ctx)
}
