package wire_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/rest"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/sync"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// message is what every type on the wire can do.
type message interface {
	msgp.Marshaler
	msgp.Unmarshaler
}

// types are all types on the wire by package and name.
var types = map[string]func() message{
	"wire.Call":            func() message { return new(wire.Call) },
	"wire.Result":          func() message { return new(wire.Result) },
	"sdk.Error":            func() message { return new(sdk.Error) },
	"sdk.Code":             func() message { return new(sdk.Code) },
	"sdk.Source":           func() message { return new(sdk.Source) },
	"sdk.Request":          func() message { return new(sdk.Request) },
	"sdk.Context":          func() message { return new(sdk.Context) },
	"sdk.Attachment":       func() message { return new(sdk.Attachment) },
	"sdk.Description":      func() message { return new(sdk.Description) },
	"jira.Category":        func() message { return new(jira.Category) },
	"jira.CategoryList":    func() message { return new(jira.CategoryList) },
	"jira.Issue":           func() message { return new(jira.Issue) },
	"jira.Value":           func() message { return new(jira.Value) },
	"jira.IssueQuery":      func() message { return new(jira.IssueQuery) },
	"jira.Project":         func() message { return new(jira.Project) },
	"jira.ProjectPage":     func() message { return new(jira.ProjectPage) },
	"jira.ProjectQuery":    func() message { return new(jira.ProjectQuery) },
	"jira.Search":          func() message { return new(jira.Search) },
	"jira.Found":           func() message { return new(jira.Found) },
	"log.Entry":            func() message { return new(log.Entry) },
	"log.Attr":             func() message { return new(log.Attr) },
	"settings.Values":      func() message { return new(settings.Values) },
	"config.Document":      func() message { return new(config.Document) },
	"config.Key":           func() message { return new(config.Key) },
	"config.Query":         func() message { return new(config.Query) },
	"config.Listing":       func() message { return new(config.Listing) },
	"event.Event":          func() message { return new(event.Event) },
	"job.Step":             func() message { return new(job.Step) },
	"job.Result":           func() message { return new(job.Result) },
	"job.New":              func() message { return new(job.New) },
	"job.Run":              func() message { return new(job.Run) },
	"job.Query":            func() message { return new(job.Query) },
	"job.Runs":             func() message { return new(job.Runs) },
	"job.State":            func() message { return new(job.State) },
	"job.Order":            func() message { return new(job.Order) },
	"jqlfunc.Question":     func() message { return new(jqlfunc.Question) },
	"jqlfunc.Answer":       func() message { return new(jqlfunc.Answer) },
	"jqlfunc.Keys":         func() message { return new(jqlfunc.Keys) },
	"jqlfunc.Found":        func() message { return new(jqlfunc.Found) },
	"jqlfunc.Functions":    func() message { return new(jqlfunc.Functions) },
	"rest.Request":         func() message { return new(rest.Request) },
	"rest.Answer":          func() message { return new(rest.Answer) },
	"view.Runs":            func() message { return new(view.Runs) },
	"config.Change":        func() message { return new(config.Change) },
	"config.Verdict":       func() message { return new(config.Verdict) },
	"config.Problem":       func() message { return new(config.Problem) },
	"service.Answer":       func() message { return new(service.Answer) },
	"service.Question":     func() message { return new(service.Question) },
	"service.Request":      func() message { return new(service.Request) },
	"store.Record":         func() message { return new(store.Record) },
	"store.Records":        func() message { return new(store.Records) },
	"store.Key":            func() message { return new(store.Key) },
	"store.Query":          func() message { return new(store.Query) },
	"store.Changes":        func() message { return new(store.Changes) },
	"store.Tally":          func() message { return new(store.Tally) },
	"store.Listing":        func() message { return new(store.Listing) },
	"store.Mint":           func() message { return new(store.Mint) },
	"store.Minted":         func() message { return new(store.Minted) },
	"sync.Change":          func() message { return new(sync.Change) },
	"sync.Catalog":         func() message { return new(sync.Catalog) },
	"sync.Check":           func() message { return new(sync.Check) },
	"sync.Column":          func() message { return new(sync.Column) },
	"sync.Comparison":      func() message { return new(sync.Comparison) },
	"sync.Condition":       func() message { return new(sync.Condition) },
	"sync.Config":          func() message { return new(sync.Config) },
	"sync.Discover":        func() message { return new(sync.Discover) },
	"sync.Fault":           func() message { return new(sync.Fault) },
	"sync.Health":          func() message { return new(sync.Health) },
	"sync.Outcome":         func() message { return new(sync.Outcome) },
	"sync.Page":            func() message { return new(sync.Page) },
	"sync.Problem":         func() message { return new(sync.Problem) },
	"sync.Reach":           func() message { return new(sync.Reach) },
	"sync.Read":            func() message { return new(sync.Read) },
	"sync.Secret":          func() message { return new(sync.Secret) },
	"sync.Stream":          func() message { return new(sync.Stream) },
	"sync.Type":            func() message { return new(sync.Type) },
	"sync.Value":           func() message { return new(sync.Value) },
	"sync.Write":           func() message { return new(sync.Write) },
	"sync.Written":         func() message { return new(sync.Written) },
	"view.Call":            func() message { return new(view.Call) },
	"view.Choice":          func() message { return new(view.Choice) },
	"view.Choices":         func() message { return new(view.Choices) },
	"view.Color":           func() message { return new(view.Color) },
	"view.Edge":            func() message { return new(view.Edge) },
	"view.Graph":           func() message { return new(view.Graph) },
	"view.Icon":            func() message { return new(view.Icon) },
	"view.Item":            func() message { return new(view.Item) },
	"view.List":            func() message { return new(view.List) },
	"view.Node":            func() message { return new(view.Node) },
	"view.Order":           func() message { return new(view.Order) },
	"view.Pager":           func() message { return new(view.Pager) },
	"view.Section":         func() message { return new(view.Section) },
	"view.Page":            func() message { return new(view.Page) },
	"view.Block":           func() message { return new(view.Block) },
	"view.Tone":            func() message { return new(view.Tone) },
	"view.Flag":            func() message { return new(view.Flag) },
	"view.Heading":         func() message { return new(view.Heading) },
	"view.Text":            func() message { return new(view.Text) },
	"view.Span":            func() message { return new(view.Span) },
	"view.Notice":          func() message { return new(view.Notice) },
	"view.Empty":           func() message { return new(view.Empty) },
	"view.Figure":          func() message { return new(view.Figure) },
	"view.Shape":           func() message { return new(view.Shape) },
	"view.Table":           func() message { return new(view.Table) },
	"view.Column":          func() message { return new(view.Column) },
	"view.Row":             func() message { return new(view.Row) },
	"view.Cell":            func() message { return new(view.Cell) },
	"view.Form":            func() message { return new(view.Form) },
	"view.Field":           func() message { return new(view.Field) },
	"view.FieldKind":       func() message { return new(view.FieldKind) },
	"view.Option":          func() message { return new(view.Option) },
	"view.Progress":        func() message { return new(view.Progress) },
	"view.Next":            func() message { return new(view.Next) },
	"view.Buttons":         func() message { return new(view.Buttons) },
	"view.Button":          func() message { return new(view.Button) },
	"jira.ValueKind":       func() message { return new(jira.ValueKind) },
	"jira.IssuesQuery":     func() message { return new(jira.IssuesQuery) },
	"jira.IssueList":       func() message { return new(jira.IssueList) },
	"jira.Field":           func() message { return new(jira.Field) },
	"jira.FieldList":       func() message { return new(jira.FieldList) },
	"jira.LinkType":        func() message { return new(jira.LinkType) },
	"jira.LinkTypeList":    func() message { return new(jira.LinkTypeList) },
	"jira.IssueTypeQuery":  func() message { return new(jira.IssueTypeQuery) },
	"jira.IssueType":       func() message { return new(jira.IssueType) },
	"jira.IssueTypeList":   func() message { return new(jira.IssueTypeList) },
	"jira.RightsQuery":     func() message { return new(jira.RightsQuery) },
	"jira.Right":           func() message { return new(jira.Right) },
	"jira.Rights":          func() message { return new(jira.Rights) },
	"jira.IssueLink":       func() message { return new(jira.IssueLink) },
	"jira.LinksQuery":      func() message { return new(jira.LinksQuery) },
	"jira.IssueLinkList":   func() message { return new(jira.IssueLinkList) },
	"jira.NewLink":         func() message { return new(jira.NewLink) },
	"jira.UnlinkQuery":     func() message { return new(jira.UnlinkQuery) },
	"jira.New":             func() message { return new(jira.New) },
	"jira.Created":         func() message { return new(jira.Created) },
	"jira.PropertyKey":     func() message { return new(jira.PropertyKey) },
	"jira.Property":        func() message { return new(jira.Property) },
	"jira.PropertyValue":   func() message { return new(jira.PropertyValue) },
	"jira.PropertyList":    func() message { return new(jira.PropertyList) },
	"jira.PropertyOutcome": func() message { return new(jira.PropertyOutcome) },
}

func TestEveryTypeOnTheWireIsListed(t *testing.T) {
	files, err := filepath.Glob("../zz_*_msgp.go")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../*/zz_*_msgp.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{"wire.Call": true, "wire.Result": true, "sync.Value": true} // written by hand
	for _, name := range append(files, more...) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "UnmarshalMsg" {
				continue
			}
			found[file.Name.Name+"."+f.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(types))); diff != "" {
		t.Errorf("generated code has other types than the list in this file (-generated +list):\n%s", diff)
	}
}

// sample returns a message with every field set, so that a new field shows in the vectors. Maps have one entry: their
// order on the wire is not defined.
func sample(name string) message {
	m := types[name]()
	switch m := m.(type) {
	case *wire.Call:
		*m = wire.Call{Op: wire.OpView, Body: encode(sample("sdk.Request"))}
	case *wire.Result:
		*m = wire.Result{Error: sample("sdk.Error").(*sdk.Error), Body: encode(sample("view.Page"))}
	case *sync.Value:
		*m = anyValue()
	default:
		fill(reflect.ValueOf(m).Elem(), strings.ToLower(name), 0)
	}
	return m
}

// anyValue is a list of a value of each other type, and of null.
func anyValue() sync.Value {
	return sync.List(sync.Value{}, sync.String("Grüße"), sync.Int(-300), sync.Decimal("-0012.50"), sync.Bool(true), sync.Date(2028, 2, 29),
		sync.Time(time.Date(2026, 11, 26, 16, 4, 20, 120_000_000, time.FixedZone("", 5*3600+1800))), sync.Bytes([]byte{0, 255}))
}

func fill(v reflect.Value, name string, depth int) {
	if v.Type() == reflect.TypeFor[sync.Value]() {
		v.Set(reflect.ValueOf(anyValue()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(name)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(len(name)) + 300)
	case reflect.Float64:
		v.SetFloat(float64(len(name)) + 0.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name, depth)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, name, depth)
		fill(value, name, depth)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Slice:
		switch {
		case v.Type().Elem().Kind() == reflect.Uint8:
			v.SetBytes([]byte(name))
		case depth < 3: // jira.Value holds itself
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0), name, depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), strings.ToLower(v.Type().Field(i).Name), depth)
		}
	default:
		panic("no sample for " + v.Type().String())
	}
}

func encode(m msgp.Marshaler) []byte {
	raw, err := m.MarshalMsg(nil)
	if err != nil {
		panic(err)
	}
	return raw
}
