package connect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// functionModules are functions in JQL that apps answer.
const functionModules = "jiraJqlFunctions"

const (
	// functionTimeout is how long an app may take to answer, as Atlassian says of functions on Forge.
	functionTimeout = 25 * time.Second
	// maxFragment is the longest answer that the site reads, in bytes, and maxValues how many values may stand in it.
	maxFragment = 1 << 20
	maxValues   = 1000
	// forgotten is for how long an answer is kept that nobody asks for.
	forgotten = 7 * 24 * time.Hour
)

// Function is a function in JQL of an app: https://developer.atlassian.com/cloud/jira/platform/modules/jql-functions/.
type Function struct {
	Key       string     `json:"key"`
	Name      string     `json:"name"`
	URL       string     `json:"url"`
	Arguments []Argument `json:"arguments"`
	Operators []string   `json:"operators"`
	Types     []string   `json:"types"`
}

// Argument is one of a function.
type Argument struct {
	Name     string `json:"name"`
	Required bool   `json:"required"`
}

var (
	functionKeyForm = regexp.MustCompile(`^[a-zA-Z0-9-]{1,100}$`)
	// operatorNames are the operators that descriptors spell in Atlassian's example; how it spells the others, it does not say.
	operatorNames = map[syntax.Operator]string{syntax.In: "in", syntax.NotIn: "not_in"}
	// functionTypes are the types of fields.
	functionTypes = []string{
		"issue", "project", "project_category", "project_type", "hierarchy_level", "version", "component", "user", "group", "team", "project_role",
		"priority", "resolution", "issue_type", "status", "status_category", "cascading_option", "option", "saved_filter", "issue_security_level",
		"issue_restriction", "label", "attachment", "issue_list", "issue_link_type", "date", "text", "number", "duration", "url",
	}
)

func (f *Function) check() error {
	switch {
	case !functionKeyForm.MatchString(f.Key):
		return errors.New("key: want letters, digits and dashes, 100 at most")
	case f.Name == "":
		return errors.New("name is missing")
	case !strings.HasPrefix(f.URL, "/"):
		return fmt.Errorf("url %q: want a path relative to baseUrl, starting with a slash", f.URL)
	case f.Arguments == nil:
		return errors.New("arguments are missing; an empty list is one")
	case len(f.Operators) == 0 || len(f.Types) == 0:
		return errors.New("operators or types are missing")
	}
	for _, a := range f.Arguments {
		if a.Name == "" {
			return errors.New("an argument has no name")
		}
	}
	for _, o := range f.Operators {
		if o != "in" && o != "not_in" {
			return fmt.Errorf("operator %q: the sandbox knows in and not_in", o)
		}
	}
	for _, t := range f.Types {
		if !slices.Contains(functionTypes, t) {
			return fmt.Errorf("type %q: want one of %s", t, strings.Join(functionTypes, ", "))
		}
	}
	return nil
}

// FunctionKey is by which an app names its function where it reads and updates answers.
func FunctionKey(app world.AppKey, module string) string { return string(app) + "__" + module }

// Offer is a function of an enabled app, with what is needed to ask the app.
type Offer struct {
	App      *world.App
	Function *Function
	Key      string // by which the app names the function where it reads and updates answers
	// Ask makes the question of its body, with the token that the app knows the site by.
	Ask func(ctx context.Context, body []byte) (*http.Request, error)
}

// AlsoOffer has the site know functions of apps that have no descriptor.
func (s *Apps) AlsoOffer(list func(st *world.State) []Offer) { s.offering = append(s.offering, list) }

// offers are the functions of all apps.
func (s *Apps) offers(st *world.State) (out []Offer) {
	for _, app := range st.InstalledApps() {
		if app.State != world.AppEnabled {
			continue
		}
		d, err := Describe(app)
		if err != nil {
			s.log.Error("read a descriptor for its functions", "app", app.Key, "error", err)
			continue
		}
		for _, f := range d.Functions {
			out = append(out, Offer{App: app, Function: f, Key: FunctionKey(app.Key, f.Key), Ask: func(ctx context.Context, body []byte) (*http.Request, error) {
				return s.question(ctx, app, d.BaseURL, f.URL, body)
			}})
		}
	}
	for _, list := range s.offering {
		out = append(out, list(st)...)
	}
	return out
}

// question is one to an app of Connect.
func (s *Apps) question(ctx context.Context, app *world.App, base, path string, body []byte) (*http.Request, error) {
	claims := s.claims(app, "", tokenLifetime)
	claims.QSH = auth.QSH(http.MethodPost, base+path, pathOf(base))
	token, err := auth.SignHS256(claims, app.SharedSecret)
	if err != nil {
		return nil, fmt.Errorf("sign a question to %s: %w", app.Key, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "JWT "+token)
	return r, nil
}

// FunctionNames are the functions of apps that users can write.
func (s *Apps) FunctionNames(st *world.State) (names []string) {
	for _, o := range s.offers(st) {
		names = append(names, o.Function.Name)
	}
	slices.Sort(names)
	return names
}

// Fragment is the JQL that stands for a clause with a function of an app: the answer that is kept, or else the app's.
func (s *Apps) Fragment(st *world.State, field syntax.Field, op syntax.Operator, call syntax.Operand) (string, error) {
	all := s.offers(st)
	n := slices.IndexFunc(all, func(o Offer) bool { return strings.EqualFold(o.Function.Name, call.Text) })
	if n < 0 {
		return "", analysis.ErrUnknown
	}
	o := all[n]
	f := o.Function
	if err := f.fits(field, op, call); err != nil {
		return "", err
	}
	asked := clause{Field: strings.ToLower(field.Name), Operator: string(op), Function: f.Name, Arguments: call.Args}
	if kept, ok := s.answers.use(o.Key, asked, s.now()); ok {
		return kept.fragment()
	}
	id := world.NewUUID()
	value, keep, err := s.compute(o, id, asked)
	if err != nil && !keep {
		return "", err
	}
	p := computation{ID: id, App: o.App.Key, Key: o.Key, Clause: asked, Value: value}
	if err != nil {
		p.Error = err.Error()
	}
	return s.answers.keep(p, s.now()).fragment()
}

// told is an error that people read: a sentence.
type told string

func (t told) Error() string { return string(t) }

func tell(format string, args ...any) error { return told(fmt.Sprintf(format, args...)) }

// fits says what is wrong with a clause before the app is asked.
func (f *Function) fits(field syntax.Field, op syntax.Operator, call syntax.Operand) error {
	least := 0
	for _, a := range f.Arguments {
		if a.Required {
			least++
		}
	}
	isIssue := len(field.Property) == 0 && slices.ContainsFunc(shape.IssueKey.Clauses, func(n string) bool { return strings.EqualFold(n, field.Name) })
	switch n := len(call.Args); {
	case n < least || n > len(f.Arguments):
		return tell("Function '%s' expected between '%d' and '%d' arguments but received '%d'.", f.Name, least, len(f.Arguments), n)
	case !slices.Contains(f.Operators, operatorNames[op]):
		return tell("The operator '%s' is not supported by the function '%s'.", op, f.Name)
	case !isIssue || !slices.Contains(f.Types, "issue"): // the site has no other types of functions
		return tell("A value provided by the function '%s' is invalid for the field '%s'.", f.Name, field.Name)
	}
	return nil
}

// clause is what an app is asked for.
type clause struct {
	Field     string
	Operator  string
	Function  string
	Arguments []string
}

// same says whether two clauses ask for the same.
func (c clause) same(o clause) bool {
	return c.Field == o.Field && c.Operator == o.Operator && slices.Equal(c.Arguments, o.Arguments)
}

// compute asks an app. Its error is for whoever searches; keep says whether the app wants it kept.
func (s *Apps) compute(o Offer, id string, c clause) (value string, keep bool, err error) {
	app, f := o.App, o.Function
	failed := tell("The function '%s' could not be evaluated: the app that provides it did not answer as expected.", f.Name)
	arguments := c.Arguments
	if arguments == nil {
		arguments = []string{}
	}
	raw, err := json.Marshal(object{"precomputationId": id, "clause": object{
		"field": c.Field, "type": []string{"issue"}, "operator": c.Operator, "functionName": c.Function, "arguments": arguments,
	}})
	if err != nil {
		return "", false, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), functionTimeout) // a search that nobody waits for any more leaves its answer to others
	defer cancel()
	r, err := o.Ask(ctx, raw)
	if err != nil {
		s.log.Error("ask an app about its function", "app", app.Key, "function", f.Key, "error", err)
		return "", false, failed
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Accept", "application/json")
	resp, err := s.asking.Do(r)
	if err != nil {
		s.log.Warn("function of an app", "app", app.Key, "function", f.Key, "error", rootCause(err))
		return "", false, failed
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxFragment+1))
	var got struct {
		JQL   string `json:"jql"`
		Error string `json:"error"`
		Keep  bool   `json:"storeErrorAsPrecomputation"`
	}
	if err != nil || resp.StatusCode < 200 || resp.StatusCode > 299 || len(body) > maxFragment || json.Unmarshal(body, &got) != nil || got.JQL == "" && got.Error == "" {
		s.log.Warn("function of an app", "app", app.Key, "function", f.Key, "status", resp.StatusCode)
		return "", false, failed
	}
	if got.Error != "" {
		return "", got.Keep, errors.New(got.Error)
	}
	if n := countValues(got.JQL); n > maxValues {
		return "", false, tell("The function '%s' could not be evaluated: it answered with %d values, and %d are allowed.", f.Name, n, maxValues)
	}
	return got.JQL, true, nil
}

// countValues is how many values stand on the right-hand sides of a query.
func countValues(text string) (n int) {
	q, err := syntax.Parse(text)
	if err != nil {
		return 0
	}
	for c := range q.Clauses() {
		n += len(c.Operand.Flat())
	}
	return n
}
