package mapping

// Code says why a value, or a row, could not be used. Codes are stored in logs; a value never is.
type Code string

// The codes.
const (
	KeyEmpty      Code = "key_empty"      // a key column is empty, so nothing tells the row apart
	KeyTwice      Code = "key_twice"      // several rows have the key
	Untold        Code = "untold"         // the source cannot tell the value
	Expression    Code = "expression"     // the expression failed for this row, or was too costly
	NotMapped     Code = "not_mapped"     // the value map does not have the value
	NotText       Code = "not_text"       // the value is of a type that the field cannot hold
	TooLong       Code = "too_long"       // the text is longer than the field's limit
	NotNumber     Code = "not_number"     //
	NotDate       Code = "not_date"       // want 2027-01-31, or a date or time column
	NotTime       Code = "not_time"       // want RFC 3339, or a date or time column
	NoOption      Code = "no_option"      // the field has no such choice
	NoAccount     Code = "no_account"     // the text is neither a mail address nor an account's id
	AccountHidden Code = "account_hidden" // the site's people hide their mail addresses, so nobody can be found by one
	AccountTwice  Code = "account_twice"  // several accounts match
	NoRow         Code = "no_row"         // the row that is named has no issue yet
	NoType        Code = "no_type"        // the row has no issue type
	Required      Code = "required"       // Jira requires the field, and it is empty
	JiraRefused   Code = "jira_refused"   // Jira did not take the value
	NoPath        Code = "no_path"        // no way of transitions leads to the status
	IssueTwice    Code = "issue_twice"    // several issues claim the row
	Forbidden     Code = "forbidden"      // the sync user may not do that
	IssueGone     Code = "issue_gone"     // the issue vanished while it was written
	NotReturned   Code = "not_returned"   // the source did not take the value that flows back
	Unavailable   Code = "unavailable"    // Jira did not answer
)

// Fault is what is wrong with one value of a row.
type Fault struct {
	Field string // id; "" where it is about the row
	Code  Code
}

// Codes are all of them.
func Codes() []Code {
	return []Code{
		KeyEmpty, KeyTwice, Untold, Expression, NotMapped, NotText, TooLong, NotNumber, NotDate, NotTime, NoOption, NoAccount,
		AccountHidden, AccountTwice, NoRow, NoType, Required, JiraRefused, NoPath, IssueTwice, Forbidden, IssueGone, NotReturned, Unavailable,
	}
}
