package openapitest

import (
	"net/http"
	"regexp"
)

// What is allowed although the documents say otherwise, each with the reason.

// everywhere are the statuses that any operation may answer although few rows of the documents name them: each is decided
// before the operation is.
var everywhere = map[int]string{
	http.StatusUnauthorized:          "who asks is decided first",
	http.StatusForbidden:             "an app without the scope gets no further",
	http.StatusRequestEntityTooLarge: "the gateway bounds bodies",
	http.StatusTooManyRequests:       "the gateway bounds rates; the documents name this for nine operations",
	http.StatusNotImplemented:        "the sandbox does not serve the operation, and says so",
}

// gateway are the statuses with which the gateway before Jira answers where Jira does not, in HTML; the sandbox does so where a
// fault is injected.
var gateway = []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}

// undescribed are operations that the documents lack, by method and path.
var undescribed = map[string]string{
	"POST /rest/atlassian-connect/latest/report-accounts": "described in Atlassian's user privacy guide",
}

// undescribedBelow are the beginnings of paths that the documents lack but for a few.
var undescribedBelow = map[string]string{
	"/rest/atlassian-connect/1/migration/": "described in Atlassian's guide of app migration",
}

// missing are statuses that the document should name, by operation and status.
var missing = map[string]string{
	"addAttachment 400":                 "a form without a file has to be refused with something",
	"getIssueWorklog 400":               "a time that is none has to be refused with something",
	"getProjectComponentsPaginated 400": "an order that there is not, as getFiltersPaginated says",
	"getProjectVersionsPaginated 400":   "likewise",
}

// mistake is a complaint of the schema that is the document's own fault.
type mistake struct {
	line   *regexp.Regexp // what the complaint looks like
	reason string
}

// mistakes are the document's, by operation. Where it has an example, its own schema refuses that.
var mistakes = map[string][]mistake{
	"getChangeLogs":                 {{regexp.MustCompile(`/items/\d+/(from|to|fromString|toString): got null`), "a field that was empty has no value before"}},
	"getIssue":                      {{regexp.MustCompile(`/items/\d+/(from|to|fromString|toString): got null`), "as for getChangeLogs, with expand=changelog"}},
	"getChangeLogsByIds":            {{regexp.MustCompile(`/items/\d+/(from|to|fromString|toString): got null`), "as for getChangeLogs"}},
	"getRemoteIssueLinks":           {{regexp.MustCompile(`^/: got array, want object`), "without a global id the answer is a list"}},
	"getCreateIssueMetaIssueTypeId": {{regexp.MustCompile(`missing propert.*'schema'`), "the example lacks it, and so do system fields"}},
	"bulkFetchIssues":               {{regexp.MustCompile(`^/: additional properties 'expand' not allowed`), "the example has it"}},
	"parseJqlQueries":               {{regexp.MustCompile(`/structure/where`), "the schema of a clause knows none of the kinds that there are"}},
	"exportArchivedIssues":          {{regexp.MustCompile(`^/submittedTime: got number`), "the example has milliseconds"}},
	"getUserEmailBulk":              {{regexp.MustCompile(`^/: got array, want object`), "several accounts have several addresses; Confluence's document says so of the same operation"}},
	"getServerInfo":                 {{regexp.MustCompile(`additional properties 'defaultLocale' not allowed`), "the example has it"}},
}
