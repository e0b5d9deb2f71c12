package mapping

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/ext"

	"github.com/pergola-platform/pergola/sdk/sync"
)

// What an expression may be and cost. The cost is CEL's own measure: about one for each operation and each ten characters.
const (
	maxExpr = 4096
	maxCost = 20_000
)

// expr is an expression that was compiled. It is safe for concurrent use.
type expr struct{ program cel.Program }

// compileExpr compiles an expression. The error names line and column.
func compileExpr(text string) (*expr, error) {
	if len(text) > maxExpr {
		return nil, fmt.Errorf("it is %d bytes long, at most %d are allowed", len(text), maxExpr)
	}
	env, err := cel.NewEnv(
		cel.Variable("row", cel.MapType(cel.StringType, cel.DynType)), cel.Variable("value", cel.DynType),
		ext.Strings(), ext.Math(), cel.ParserRecursionLimit(50), cel.CrossTypeNumericComparisons(true),
	)
	if err != nil {
		return nil, err
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		first := issues.Errors()[0]
		return nil, fmt.Errorf("line %d, column %d: %s", first.Location.Line(), first.Location.Column()+1, oneLine(first.Message))
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost), cel.InterruptCheckFrequency(100))
	if err != nil {
		return nil, errors.New(oneLine(err.Error()))
	}
	return &expr{program}, nil
}

func oneLine(s string) string {
	first, _, _ := strings.Cut(s, "\n")
	return first
}

// eval makes a value. What CEL says of a failure may quote values, so it is dropped.
func (e *expr) eval(row map[string]any, value sync.Value) (sync.Value, bool) {
	out, _, err := e.program.Eval(map[string]any{"row": row, "value": toCEL(value)})
	if err != nil {
		return sync.Value{}, false
	}
	return fromCEL(out)
}

// toCEL gives a value to an expression: decimals as doubles, dates as their text, times as timestamps.
func toCEL(v sync.Value) any {
	switch v.Type() {
	case sync.StringType, sync.DateType:
		return v.Text()
	case sync.IntegerType:
		return v.Int()
	case sync.DecimalType:
		var f float64
		if _, err := fmt.Sscan(v.Text(), &f); err != nil {
			return v.Text()
		}
		return f
	case sync.BooleanType:
		return v.Bool()
	case sync.TimeType:
		return v.Time()
	case sync.BytesType:
		return v.Bytes()
	case sync.ListType:
		list := v.List()
		out := make([]any, len(list))
		for i := range list {
			out[i] = toCEL(list[i])
		}
		return out
	}
	return nil
}

func fromCEL(v ref.Val) (sync.Value, bool) {
	switch v := v.(type) {
	case types.Null:
		return sync.Value{}, true
	case types.String:
		return sync.String(string(v)), true
	case types.Int:
		return sync.Int(int64(v)), true
	case types.Uint:
		return sync.Decimal(fmt.Sprint(uint64(v))), true
	case types.Double:
		f := sync.Float(float64(v))
		return f, f.Check() == nil
	case types.Bool:
		return sync.Bool(bool(v)), true
	case types.Bytes:
		return sync.Bytes(v), true
	case types.Timestamp:
		return sync.Time(v.In(time.UTC)), true
	case traits.Lister:
		var list []sync.Value
		for it := v.Iterator(); it.HasNext() == types.True; {
			item, ok := fromCEL(it.Next())
			if !ok || item.Type() == sync.ListType {
				return sync.Value{}, false
			}
			list = append(list, item)
		}
		return sync.List(list...), true
	}
	return sync.Value{}, false
}
