package syntax

import (
	"encoding/json"
	"strings"
)

// The schemas of Jira's OpenAPI document, by their names there.
type (
	jqlQuery struct {
		Where   any         `json:"where,omitempty"`
		OrderBy *jqlOrderBy `json:"orderBy,omitempty"`
	}
	jqlOrderBy struct {
		Fields []jqlOrderByElement `json:"fields"`
	}
	jqlOrderByElement struct {
		Field     jqlField `json:"field"`
		Direction string   `json:"direction,omitempty"`
	}
	jqlField struct {
		Name        string        `json:"name"`
		EncodedName string        `json:"encodedName"`
		Property    []jqlProperty `json:"property,omitempty"`
	}
	jqlProperty struct {
		Entity string `json:"entity"`
		Key    string `json:"key"`
		Path   string `json:"path"`
	}
	compoundClause struct {
		Operator string `json:"operator"`
		Clauses  []any  `json:"clauses"`
	}
	fieldValueClause struct {
		Field    jqlField `json:"field"`
		Operator string   `json:"operator"`
		Operand  any      `json:"operand"`
	}
	fieldWasClause struct {
		fieldValueClause
		Predicates []timePredicate `json:"predicates"`
	}
	fieldChangedClause struct {
		Field      jqlField        `json:"field"`
		Operator   string          `json:"operator"`
		Predicates []timePredicate `json:"predicates"`
	}
	timePredicate struct {
		Operator string `json:"operator"`
		Operand  any    `json:"operand"`
	}
	listOperand struct {
		Values         []any  `json:"values"`
		EncodedOperand string `json:"encodedOperand"`
	}
	valueOperand struct {
		Value        string `json:"value"`
		EncodedValue string `json:"encodedValue"`
	}
	functionOperand struct {
		Function       string   `json:"function"`
		Arguments      []string `json:"arguments"`
		EncodedOperand string   `json:"encodedOperand"`
	}
	keywordOperand struct {
		Keyword string `json:"keyword"`
	}
)

// MarshalJSON is the query as a JqlQuery, the structure that /rest/api/3/jql/parse returns. Types of entity properties
// are left out: they depend on what apps have registered.
func (q *Query) MarshalJSON() ([]byte, error) {
	out := jqlQuery{}
	if q.Where != nil {
		out.Where = clauseJSON(q.Where)
	}
	if len(q.OrderBy) > 0 {
		out.OrderBy = &jqlOrderBy{}
		for _, s := range q.OrderBy {
			out.OrderBy.Fields = append(out.OrderBy.Fields, jqlOrderByElement{fieldJSON(s.Field), strings.ToLower(string(s.Direction))})
		}
	}
	return json.Marshal(out)
}

func clauseJSON(n Node) any {
	switch n := n.(type) {
	case *And:
		return compoundJSON("and", n.Clauses...)
	case *Or:
		return compoundJSON("or", n.Clauses...)
	case *Not:
		return compoundJSON("not", n.Clause)
	case *Clause:
		if n.Op == Changed {
			return fieldChangedClause{fieldJSON(n.Field), string(n.Op), predicatesJSON(n.Predicates)}
		}
		op := string(n.Op)
		if n.Op == NotContains {
			op = "~=" // so the schema of FieldValueClause calls it
		}
		value := fieldValueClause{fieldJSON(n.Field), op, operandJSON(n.Operand)}
		if n.Op.History() {
			return fieldWasClause{value, predicatesJSON(n.Predicates)}
		}
		return value
	}
	return nil
}

func compoundJSON(op string, clauses ...Node) any {
	out := compoundClause{Operator: op}
	for _, c := range clauses {
		out.Clauses = append(out.Clauses, clauseJSON(c))
	}
	return out
}

func fieldJSON(f Field) jqlField {
	out := jqlField{Name: f.Name, EncodedName: f.String()}
	entity := f.Name
	if i := strings.LastIndexByte(entity, '.'); i >= 0 {
		entity = entity[:i]
	}
	for _, p := range f.Property {
		out.Name += "[" + p.Key + "]"
		if p.Path != "" {
			out.Name += "." + p.Path
		}
		out.Property = append(out.Property, jqlProperty{entity, p.Key, p.Path})
	}
	return out
}

func predicatesJSON(predicates []Predicate) []timePredicate {
	out := []timePredicate{}
	for _, p := range predicates {
		out = append(out, timePredicate{strings.ToLower(string(p.Word)), operandJSON(p.Operand)})
	}
	return out
}

func operandJSON(o Operand) any {
	switch o.Kind {
	case Empty:
		return keywordOperand{"empty"}
	case Function:
		return functionOperand{o.Text, append([]string{}, o.Args...), o.String()}
	case List:
		out := listOperand{EncodedOperand: o.String()}
		for _, item := range o.Flat() { // the schema knows no list in a list
			out.Values = append(out.Values, operandJSON(item))
		}
		return out
	}
	return valueOperand{o.Text, o.String()}
}
