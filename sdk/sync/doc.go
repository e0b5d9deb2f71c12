// Package sync is what a synchronizer is made of: a plugin that reads an outside source, a database or a list of people,
// so that the host can make Jira issues of its rows, and that may write back to it.
//
// The host owns the loop. It asks for a page of rows, turns them into issues, keeps the cursor of the next page, and asks
// again, in a call of its own and perhaps hours later or after a restart. So a synchronizer has no state, and no call of it
// is long. Start with [Source]:
//
//	func init() {
//		serve.Plugin(&sdk.Plugin{
//			ID: "example.people", Version: "0.1.0",
//			Synchronizers: map[string]sdk.Synchronizer{"people": &sync.Source{
//				Discover: sync.DiscoverFunc(discover), Read: sync.ReadFunc(read),
//			}},
//		})
//	}
//
// discover says which streams of rows there are, with their columns and the key that tells rows apart; read returns a page:
//
//	func read(ctx context.Context, r *sync.Read) (*sync.Page, error) {
//		pick, err := stream.Picker(r.Columns)
//		if err != nil {
//			return nil, err
//		}
//		page := sync.Fill(r)
//		for i := next(r.Cursor); i < len(people); i++ {
//			if !page.Add(pick(people[i])...) {
//				return page.Next(cursor(i)), nil // row i comes first on the next page
//			}
//		}
//		return page.Last(), nil
//	}
//
// # What a source promises
//
// Whoever reads from the first page to the last gets each row once that was there all the time. A cursor is good for
// as long as the connection's settings stay as they are: it may come again, after a failure, and gives the same rows then
// as far as they are still there. A cursor that is not the source's own is refused with the code invalid.
// A newer version of a plugin is asked to go on where the one before has stopped: it reads that one's cursors, or refuses them.
//
// A [Value] is exact: a number is an integer or a decimal and never a float, a date has no time and a time always has an
// offset. What cannot be told exactly is null, and the page says so in its faults: [Filler.Add] sees to that.
//
// An error says whose it is: that of the source itself is a *sdk.Error with the source downstream, see [Downstream]. A
// message reaches an admin: no secret, no host name and nothing of a row may stand in it.
//
// sdktest.ConformSync checks all of this.
package sync
