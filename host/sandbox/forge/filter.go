package forge

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// expression is the filter of a trigger. It is the part of Jira's expressions that filters are made of: paths with dots and
// brackets, ?. for what may be missing, texts, numbers, lists, comparisons, &&, ||, ! and includes. Others are refused with
// the manifest; the sandbox does not run them.
type expression struct{ eval func(scope any) (any, error) }

// holds says whether the expression is true of a scope such as {"event": …}.
func (e *expression) holds(scope any) (bool, error) {
	v, err := e.eval(scope)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("the filter is %v, neither true nor false", v)
	}
	return b, nil
}

type evaluate = func(scope any) (any, error)

// reader reads an expression token by token.
type reader struct {
	text string
	at   int
	tok  string // the current one, "" at the end
	kind byte   // 'a' a name, '0' a number, '"' a text, '.' anything else
}

func parseExpression(text string) (*expression, error) {
	r := &reader{text: text}
	if err := r.next(); err != nil {
		return nil, err
	}
	e, err := r.or()
	if err == nil && r.kind != 0 {
		err = r.wrong()
	}
	if err != nil {
		return nil, fmt.Errorf("filter.expression: %w", err)
	}
	return &expression{e}, nil
}

func (r *reader) wrong() error {
	if r.kind == 0 {
		return errors.New("it ends too early")
	}
	return fmt.Errorf("%q at %d is beyond what the sandbox can evaluate", r.tok, r.at-len(r.tok))
}

var operators = []string{"===", "!==", "==", "!=", "<=", ">=", "&&", "||", "?.", "<", ">", "!", "(", ")", "[", "]", ",", "."}

func (r *reader) next() error {
	for r.at < len(r.text) && strings.ContainsRune(" \t\r\n", rune(r.text[r.at])) {
		r.at++
	}
	rest := r.text[r.at:]
	if rest == "" {
		r.tok, r.kind = "", 0
		return nil
	}
	span := func(ok func(c byte) bool) int {
		n := 0
		for n < len(rest) && ok(rest[n]) {
			n++
		}
		return n
	}
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	letter := func(c byte) bool { return c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
	switch c := rest[0]; {
	case c == '\'' || c == '"':
		end := strings.IndexByte(rest[1:], c)
		if end < 0 {
			return errors.New("a text has no end")
		}
		r.tok, r.kind = rest[1:1+end], '"'
		r.at += end + 2
		return nil
	case digit(c):
		r.tok, r.kind = rest[:span(func(c byte) bool { return digit(c) || c == '.' })], '0'
	case letter(c):
		r.tok, r.kind = rest[:span(func(c byte) bool { return letter(c) || digit(c) })], 'a'
	default:
		r.tok, r.kind = "", '.'
		for _, op := range operators {
			if strings.HasPrefix(rest, op) {
				r.tok = op
				break
			}
		}
		if r.tok == "" {
			return fmt.Errorf("%q at %d is beyond what the sandbox can evaluate", rest[:1], r.at)
		}
	}
	r.at += len(r.tok)
	return nil
}

// is says whether the current token is that operator.
func (r *reader) is(op string) bool { return r.kind == '.' && r.tok == op }

func (r *reader) expect(op string) error {
	if !r.is(op) {
		return r.wrong()
	}
	return r.next()
}

func (r *reader) or() (evaluate, error) { return r.logic("||", true, r.and) }

func (r *reader) and() (evaluate, error) { return r.logic("&&", false, r.comparison) }

// logic reads operands with an operator between them; the value decides without the operands after it.
func (r *reader) logic(op string, decides bool, operand func() (evaluate, error)) (evaluate, error) {
	left, err := operand()
	for err == nil && r.is(op) {
		if err = r.next(); err != nil {
			return nil, err
		}
		var right evaluate
		if right, err = operand(); err != nil {
			return nil, err
		}
		a := left
		left = func(scope any) (any, error) {
			v, err := a(scope)
			if b, ok := v.(bool); err != nil || ok && b == decides {
				return v, err
			}
			return right(scope)
		}
	}
	return left, err
}

func (r *reader) comparison() (evaluate, error) {
	left, err := r.unary()
	if err != nil || r.kind != '.' {
		return left, err
	}
	op := r.tok
	switch op {
	case "==", "===", "!=", "!==", "<", ">", "<=", ">=":
	default:
		return left, nil
	}
	if err := r.next(); err != nil {
		return nil, err
	}
	right, err := r.unary()
	if err != nil {
		return nil, err
	}
	return func(scope any) (any, error) {
		a, err := left(scope)
		if err != nil {
			return nil, err
		}
		b, err := right(scope)
		if err != nil {
			return nil, err
		}
		return compare(op, a, b)
	}, nil
}

func compare(op string, a, b any) (any, error) {
	switch op {
	case "==", "===":
		return reflect.DeepEqual(a, b), nil
	case "!=", "!==":
		return !reflect.DeepEqual(a, b), nil
	}
	n := 0
	switch x := a.(type) {
	case float64:
		y, ok := b.(float64)
		if !ok {
			return nil, fmt.Errorf("%v and %v cannot be compared", a, b)
		}
		n = map[bool]int{true: -1}[x < y] + map[bool]int{true: 1}[x > y]
	case string:
		y, ok := b.(string)
		if !ok {
			return nil, fmt.Errorf("%v and %v cannot be compared", a, b)
		}
		n = strings.Compare(x, y)
	default:
		return nil, fmt.Errorf("%v and %v cannot be compared", a, b)
	}
	return map[string]bool{"<": n < 0, ">": n > 0, "<=": n <= 0, ">=": n >= 0}[op], nil
}

func (r *reader) unary() (evaluate, error) {
	if !r.is("!") {
		return r.path()
	}
	if err := r.next(); err != nil {
		return nil, err
	}
	of, err := r.unary()
	return func(scope any) (any, error) {
		v, err := of(scope)
		b, ok := v.(bool)
		if err == nil && !ok {
			err = fmt.Errorf("! of %v, which is neither true nor false", v)
		}
		return !b, err
	}, err
}

// path reads a value and what is taken of it.
func (r *reader) path() (evaluate, error) {
	of, err := r.primary()
	for err == nil && (r.is(".") || r.is("?.") || r.is("[")) {
		of, err = r.member(of)
	}
	return of, err
}

func (r *reader) member(of evaluate) (evaluate, error) {
	op := r.tok
	if err := r.next(); err != nil {
		return nil, err
	}
	if op == "[" {
		key, err := r.or()
		if err != nil {
			return nil, err
		}
		return func(scope any) (any, error) {
			k, err := key(scope)
			if err != nil {
				return nil, err
			}
			v, err := of(scope)
			if err != nil {
				return nil, err
			}
			return memberOf(v, k, false)
		}, r.expect("]")
	}
	name := r.tok
	if r.kind != 'a' {
		return nil, r.wrong()
	}
	if err := r.next(); err != nil {
		return nil, err
	}
	if r.is("(") {
		return r.call(of, name)
	}
	return func(scope any) (any, error) {
		v, err := of(scope)
		if err != nil {
			return nil, err
		}
		return memberOf(v, name, op == "?.")
	}, nil
}

// call reads a call of a method, of which there is one.
func (r *reader) call(of evaluate, name string) (evaluate, error) {
	if name != "includes" {
		return nil, fmt.Errorf("%s() is beyond what the sandbox can evaluate", name)
	}
	if err := r.next(); err != nil {
		return nil, err
	}
	what, err := r.or()
	if err != nil {
		return nil, err
	}
	return func(scope any) (any, error) {
		v, err := of(scope)
		if err != nil {
			return nil, err
		}
		w, err := what(scope)
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case []any:
			for _, each := range v {
				if reflect.DeepEqual(each, w) {
					return true, nil
				}
			}
			return false, nil
		case string:
			part, ok := w.(string)
			return ok && strings.Contains(v, part), nil
		}
		return nil, fmt.Errorf("includes of %v, which is no list or text", v)
	}, r.expect(")")
}

func memberOf(v, key any, optional bool) (any, error) {
	switch v := v.(type) {
	case nil:
		if optional {
			return nil, nil
		}
		return nil, fmt.Errorf("%v of nothing", key)
	case map[string]any:
		name, _ := key.(string)
		return v[name], nil
	case []any:
		if n, ok := key.(float64); ok && n >= 0 && int(n) < len(v) {
			return v[int(n)], nil
		}
		if key == "length" {
			return float64(len(v)), nil
		}
		return nil, nil
	}
	return nil, fmt.Errorf("%v has no %v", v, key)
}

func (r *reader) primary() (evaluate, error) {
	tok, kind := r.tok, r.kind
	switch {
	case r.is("("):
		if err := r.next(); err != nil {
			return nil, err
		}
		e, err := r.or()
		if err != nil {
			return nil, err
		}
		return e, r.expect(")")
	case r.is("["):
		return r.list()
	case kind == 0 || kind == '.':
		return nil, r.wrong()
	}
	var v any
	switch {
	case kind == '"':
		v = tok
	case kind == '0':
		n, err := strconv.ParseFloat(tok, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no number", tok)
		}
		v = n
	case tok == "true" || tok == "false":
		v = tok == "true"
	case tok == "null":
	case tok == "event":
		return func(scope any) (any, error) { return memberOf(scope, tok, false) }, r.next()
	default:
		return nil, fmt.Errorf("%q is not known: a filter can ask about event", tok)
	}
	return func(any) (any, error) { return v, nil }, r.next()
}

func (r *reader) list() (evaluate, error) {
	var items []evaluate
	err := r.next()
	for err == nil && !r.is("]") {
		var each evaluate
		if each, err = r.or(); err != nil {
			return nil, err
		}
		items = append(items, each)
		if !r.is("]") {
			err = r.expect(",")
		}
	}
	if err != nil {
		return nil, err
	}
	return func(scope any) (any, error) {
		out := []any{}
		for _, each := range items {
			v, err := each(scope)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	}, r.next()
}
