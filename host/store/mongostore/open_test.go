package mongostore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/mongostore"
)

func TestServerWithoutTransactionsIsRefused(t *testing.T) {
	if transactional(t) {
		t.Skip("this server has transactions")
	}
	cfg := config(t, t.Name())
	cfg.WithoutTransactions = false
	_, err := mongostore.Open(t.Context(), cfg)
	if !errors.Is(err, mongostore.ErrNoTransactions) {
		t.Fatalf("Open: %v, want ErrNoTransactions", err)
	}
	wantMessage(t, err, "--replSet", "rs.initiate()")
}

func TestOpeningAgainChangesNothing(t *testing.T) {
	cfg := config(t, t.Name())
	for i := range 3 {
		s := open(t, cfg)
		revs, err := s.Write(t.Context(), note("a"))
		if err != nil || revs[0] != int64(i+1) {
			t.Errorf("write %d: revision %v, %v", i, revs, err)
		}
		second := open(t, cfg) // another host
		if _, err := second.Get(t.Context(), note("a").Doc.Key); err != nil {
			t.Errorf("Get by the second: %v", err)
		}
		wantDifferences(t, second)
		closeStore(t, second)
		closeStore(t, s)
	}
}

func TestSeveralHostsOpenAnEmptyDatabaseAtOnce(t *testing.T) {
	if !transactional(t) {
		t.Skip("FerretDB drops connections that create the same indexes at the same time")
	}
	cfg := config(t, t.Name())
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := mongostore.Open(t.Context(), cfg)
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			_ = s.Close()
		})
	}
	wg.Wait()
	s := open(t, cfg)
	defer closeStore(t, s)
	wantDifferences(t, s)
}

func TestDataOfNewerVersionIsRefused(t *testing.T) {
	cfg := config(t, t.Name())
	closeStore(t, open(t, cfg))
	if _, err := raw(t, cfg).Collection("format").UpdateOne(t.Context(), bson.D{{Key: "_id", Value: "format"}}, bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: 99}}}}); err != nil {
		t.Fatal(err)
	}
	_, err := mongostore.Open(t.Context(), cfg)
	if !errors.Is(err, mongostore.ErrNewer) {
		t.Errorf("Open: %v, want ErrNewer", err)
	}
	wantMessage(t, err, "format 99", "start the newer version again")
}

func TestDatabaseOfAnotherProgramIsRefused(t *testing.T) {
	cfg := config(t, t.Name())
	if _, err := raw(t, cfg).Collection("orders").InsertOne(t.Context(), bson.D{{Key: "n", Value: 1}}); err != nil {
		t.Fatal(err)
	}
	_, err := mongostore.Open(t.Context(), cfg)
	wantMessage(t, err, "another program", "orders", "database of its own")
	if names, err := raw(t, cfg).ListCollectionNames(t.Context(), bson.D{}); err != nil || len(names) != 1 {
		t.Errorf("collections %v, %v; want nothing of ours", names, err)
	}
}

func TestVanishedDataIsUnavailable(t *testing.T) {
	cfg := config(t, t.Name())
	s := open(t, cfg)
	defer closeStore(t, s)
	if err := raw(t, cfg).Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := s.Ping(t.Context())
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Ping: %v, want ErrUnavailable", err)
	}
	wantMessage(t, err, "restore a backup")
}

// wantDifferences expects differences that say the parts, one each.
func wantDifferences(t *testing.T, s *mongostore.Store, parts ...string) {
	t.Helper()
	got, err := s.IndexDifferences(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(parts) {
		t.Fatalf("differences %q, want %d", got, len(parts))
	}
	for i, p := range parts {
		if !strings.Contains(got[i], p) {
			t.Errorf("difference %q does not say %q", got[i], p)
		}
	}
}

func TestIndexDifferencesAreReportedAndLeftAlone(t *testing.T) {
	cfg := config(t, t.Name())
	s := open(t, cfg)
	defer closeStore(t, s)
	wantDifferences(t, s)
	view := raw(t, cfg).Collection("doc").Indexes()
	if err := view.DropOne(t.Context(), "tenant_collection_id"); err != nil {
		t.Fatal(err)
	}
	if _, err := view.CreateOne(t.Context(), mongo.IndexModel{Keys: bson.D{{Key: "rev", Value: 1}}, Options: options.Index().SetName("report")}); err != nil {
		t.Fatal(err)
	}
	missing := `index tenant_collection_id is missing, so queries are slow: start the host anew, or run db.doc.createIndex({t: 1, c: 1, i: 1}, {name: "tenant_collection_id"})`
	foreign := `index report on {rev: 1} with the options {} is not the store's: unless somebody needs it, run db.doc.dropIndex("report")`
	wantDifferences(t, s, missing, foreign)

	// Opening creates what is missing and drops nothing.
	closeStore(t, open(t, cfg))
	wantDifferences(t, s, foreign)
	if err := view.DropOne(t.Context(), "report"); err != nil {
		t.Fatal(err)
	}

	// One of our names with other keys stays, and is no reason not to start.
	if err := view.DropOne(t.Context(), "tenant_collection_id"); err != nil {
		t.Fatal(err)
	}
	if _, err := view.CreateOne(t.Context(), mongo.IndexModel{Keys: bson.D{{Key: "t", Value: 1}}, Options: options.Index().SetName("tenant_collection_id")}); err != nil {
		t.Fatal(err)
	}
	closeStore(t, open(t, cfg))
	wantDifferences(t, s, "index tenant_collection_id has the keys {t: 1} and the options {} instead of {t: 1, c: 1, i: 1}")
}

func TestIndexOptionIsADifference(t *testing.T) {
	cfg := config(t, t.Name())
	s := open(t, cfg)
	defer closeStore(t, s)
	view := raw(t, cfg).Collection("doc").Indexes()
	if err := view.DropOne(t.Context(), "tenant_collection_id"); err != nil {
		t.Fatal(err)
	}
	if _, err := view.CreateOne(t.Context(), mongo.IndexModel{
		Keys:    bson.D{{Key: "t", Value: 1}, {Key: "c", Value: 1}, {Key: "i", Value: 1}},
		Options: options.Index().SetName("tenant_collection_id").SetUnique(true),
	}); err != nil {
		t.Fatal(err)
	}
	wantDifferences(t, s, "the options {unique: true} instead of {t: 1, c: 1, i: 1} without options")
}

func TestConfigurationIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  mongostore.Config
		want string
	}{
		"no URI":           {mongostore.Config{Database: "pergola"}, "no URI"},
		"no database":      {mongostore.Config{URI: "mongodb://localhost"}, "1 to 63"},
		"a server's own":   {mongostore.Config{URI: "mongodb://localhost", Database: "Admin"}, "MongoDB's own"},
		"a path":           {mongostore.Config{URI: "mongodb://localhost", Database: "a/b"}, "1 to 63"},
		"negative wait":    {mongostore.Config{URI: "mongodb://localhost", Database: "a", ServerWait: -1}, "negative"},
		"negative timeout": {mongostore.Config{URI: "mongodb://localhost", Database: "a", Timeout: -1}, "negative"},
		"other scheme":     {mongostore.Config{URI: "postgres://localhost", Database: "a"}, `scheme must be "mongodb"`},
		"unknown value":    {mongostore.Config{URI: "mongodb://localhost/?tls=perhaps", Database: "a"}, "perhaps"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := mongostore.Open(t.Context(), c.cfg)
			wantMessage(t, err, "open store: ", c.want)
		})
	}
}

func TestNobodyThereIsUnavailableInTime(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = nobody.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never says a word
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, addr := range map[string]string{"nobody": nobody.Addr().String(), "silent": silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			cfg := mongostore.Config{URI: "mongodb://ann:hunter22@" + addr + "/", Database: "pergola", ServerWait: 300 * time.Millisecond}
			bounded, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := mongostore.Open(bounded, cfg)
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("Open: %v, want ErrUnavailable", err)
			}
			wantMessage(t, err, addr, "see that MongoDB runs")
			wantNoSecret(t, err, "hunter22", "ann:")
		})
	}
	t.Run("the caller has less time", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := mongostore.Open(ctx, mongostore.Config{URI: "mongodb://" + silent.Addr().String(), Database: "pergola"})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Open: %v, want the context's error", err)
		}
	})
}

func wantNoSecret(t *testing.T, err error, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("error %v, want one without %q", err, secret)
		}
	}
}

func TestNoErrorShowsSecretsOfTheURI(t *testing.T) {
	const secret = "hunter22"
	for _, uri := range []string{
		"mongodb://ann:" + secret + "/@127.0.0.1:1/",
		"mongodb://ann:" + secret + "%zz@127.0.0.1:1/",
		"mongodb://ann:a@" + secret + "@127.0.0.1:1/",
		"mongodb://ann:" + secret + "@127.0.0.1:port/",
		"mongodb://ann:" + secret + "@127.0.0.1:1/?w=majority&tls=" + secret,
		"mongodb://127.0.0.1:1/?tlsCertificateKeyFilePassword=" + secret + "&tlsCertificateKeyFile=missing.pem",
		"mongodb://127.0.0.1:1/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:" + secret,
		"mongodb://ann:" + secret + "@127.0.0.1:1/?authMechanism=none",
		"mongo://ann:" + secret + "@127.0.0.1:1/",
		"ann:" + secret + "@127.0.0.1:1",
		"mongodb://ann:" + secret + "@127.0.0.1:1/",
	} {
		cfg := mongostore.Config{URI: uri, Database: "pergola", ServerWait: 100 * time.Millisecond}
		_, err := mongostore.Open(t.Context(), cfg)
		wantNoSecret(t, err, secret)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(verb, cfg); strings.Contains(text, secret) {
				t.Errorf("%s of the configuration is %s", verb, text)
			}
		}
	}
}

func TestWrongPasswordIsUnavailableWithAdvice(t *testing.T) {
	f := startOwn(t, t.TempDir(), "127.0.0.1:0", "--test-enable-new-auth", "--setup-database=admin", "--setup-username=ann", "--setup-password=hunter22")
	defer f.kill()
	open := func(userinfo string) error {
		s, err := mongostore.Open(t.Context(), mongostore.Config{URI: "mongodb://" + userinfo + f.addr + "/", Database: "pergola", WithoutTransactions: true})
		if err == nil {
			closeStore(t, s)
		}
		return err
	}
	if err := open("ann:hunter22@"); err != nil {
		t.Errorf("with the right password: %v", err)
	}
	for userinfo, want := range map[string]string{"ann:hunter23@": "refuses the user", "": "grant it the role readWrite"} {
		err := open(userinfo)
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("as %q: %v, want ErrUnavailable", userinfo, err)
		}
		wantMessage(t, err, want)
		wantNoSecret(t, err, "hunter23")
	}
}
