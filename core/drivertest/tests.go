package drivertest

import "testing"

// tests is the suite, in the order of the questions: does it work, what may come in, what may go out, what stops it,
// what does it ask of the host, who shares with whom, how does it end.
var tests = []struct {
	name string
	run  func(t *testing.T, b *bench)
}{
	{"describe says what the plugin offers", testDescribe},
	{"echo", testEcho},
	{"error of a handler crosses as it is", testHandlerError},
	{"unknown operation is unimplemented", testUnknownOperation},
	{"unknown view is not found", testUnknownView},
	{"malformed call is answered with invalid", testMalformedCall},
	{"body of 1 MiB comes back", testLargeBody},
	{"message over the limit is refused", testMessageTooLong},
	{"answer over the limit is refused", testAnswerTooLong},
	{"panic is an error and the next call works", testPanic},
	{"endless recursion is an error and the next call works", testRecursion},
	{"deadline ends code that obeys its context", testDeadlineObeyed},
	{"deadline ends code that spins", testDeadlineSpin},
	{"deadline ends code that sleeps", testDeadlineSleep},
	{"cancellation ends a running call", testCancel},
	{"context that has ended starts nothing", testDeadContext},
	{"memory cap is exhausted", testMemoryCap},
	{"host call goes out and its reply comes back", testHostCall},
	{"denied host call reaches the plugin as an error", testDenied},
	{"host call without a host is unavailable", testNoHost},
	{"panic of the host stays with the host", testHostPanic},
	{"malformed reply of the host is an error", testMalformedReply},
	{"reply over the limit is refused", testReplyTooLong},
	{"host call sees the context of the call", testHostContext},
	{"50 calls at once get their own answers", testConcurrent},
	{"calls over the bound wait and then are exhausted", testBusy},
	{"waiting call gets the place that comes free", testWaitSucceeds},
	{"memory of one tenant is not seen by another", testTenants},
	{"no call sees what another left", testPristine},
	{"no two calls draw the same numbers", testRandomness},
	{"close waits for running calls", testCloseWaits},
	{"impatient close stops running calls", testCloseStops},
	{"closed module is unavailable", testClosed},
	{"two modules of the same code close apart", testTwoModules},
}
