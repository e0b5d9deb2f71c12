// Package limit decides when a call to a Jira site may be made: so that Jira does not refuse it for coming too often, so that what Jira said
// about waiting is kept, and so that no site's calls wait behind those of another. It sends nothing itself. Start with [New]:
// [Limiter.Acquire] waits until a call's turn has come, [Permit.Done] tells what Jira answered.
//
//	p, err := limiter.Acquire(ctx, limit.Call{Site: "t1", Method: "GET", Path: "/rest/api/3/issue/10001"})
//	if err != nil {
//		return err // a *limit.Refusal says when to come again
//	}
//	res, err := http.DefaultClient.Do(req)
//	p.Done(limit.Read(res.StatusCode, res.Header, time.Now()))
//
// Jira has three rules, which hold at the same time: points for each hour, calls for each second and endpoint, writes for each issue:
// https://developer.atlassian.com/cloud/jira/platform/rate-limiting/. The limiter counts along, and corrects itself by the headers of
// answers, because other hosts may call the same sites. RATIONALE.md says why it reacts as it does.
package limit
