package ui

import "net/http"

// problemWords are what a page says for a status where the caller has no better words.
type problemWords struct {
	title, detail, todo string
	reload              bool // trying again can help
}

func wordsFor(status int) problemWords {
	switch status {
	case http.StatusNotFound:
		return problemWords{"Not found", "There is no such page.", "Go back to Jira and open it from there again. If it worked before, the feature may have been switched off for your site.", false}
	case http.StatusUnauthorized:
		return problemWords{"Please open this page from Jira", "This page only works inside your Jira site.", "Open your Jira site, log in, and open the page from there. A page that stood open for long must be reloaded.", true}
	case http.StatusForbidden:
		return problemWords{"Not allowed", "You may not see this page.", "Ask an admin of your Jira site for access.", false}
	case http.StatusTooManyRequests:
		return problemWords{"Too much at once", "Too many requests came at the same time.", "Wait a minute, then reload the page.", true}
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return problemWords{"Not available just now", "A service that this page needs does not answer.", "Wait a minute, then reload the page.", true}
	}
	if status >= http.StatusInternalServerError || status < http.StatusBadRequest {
		return problemWords{"Something went wrong", "The page could not be made.", "Reload the page. If this happens again, tell your admin the number below.", true}
	}
	return problemWords{"That did not work", "The page was asked for in a way that it does not understand.", "Go back to Jira and open the page from there again.", false}
}
