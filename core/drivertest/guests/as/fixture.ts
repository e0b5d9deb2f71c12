// The plugin of core/drivertest/fixture in AssemblyScript, name for name; see there for what each view does.
import { Fault, Value, Writer, ask, plugin } from "../../../../sdk/wire/pergola";
export { pergola_buffer, pergola_call } from "../../../../sdk/wire/pergola";

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "proc_exit")
declare function procExit(code: u32): void;

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "sched_yield")
declare function schedYield(): u32;

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fdWrite(fd: u32, iovs: usize, count: u32, written: usize): u32;

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "poll_oneoff")
declare function pollOneoff(subscriptions: usize, events: usize, count: u32, written: usize): u32;

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "args_sizes_get")
declare function argsSizesGet(count: usize, size: usize): u32;

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "environ_sizes_get")
declare function environSizesGet(count: usize, size: usize): u32;

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "path_open")
declare function pathOpen(dir: u32, flags: u32, path: usize, n: u32, open: u32, rights: u64, inherit: u64, fdflags: u32, fd: usize): u32;

plugin.id = "pergola.fixture";
plugin.version = "1.2.3";

function param(request: Value, name: string): Value { return request.field("params").field(name); }

function titled(answer: Writer, title: string): Fault | null {
  answer.page(title, 0);
  return null;
}

// number reads a parameter of digits, -1 for anything else.
function number(request: Value, name: string): i32 {
  const digits = param(request, name).string();
  let n: i64 = digits == "" ? -1 : 0;
  for (let i = 0; i < digits.length; i++) {
    const d = digits.charCodeAt(i) - 48;
    if (d < 0 || d > 9 || n > 100_000_000) return -1;
    n = n * 10 + d;
  }
  return <i32>n;
}

plugin.views.set("echo", (request: Value, answer: Writer): Fault | null => {
  const text = param(request, "text").raw();
  answer.map(2).string("title").text(text).string("blocks").list(0);
  return null;
});

plugin.views.set("fail", (request: Value, answer: Writer): Fault | null =>
  new Fault(param(request, "code").string(), param(request, "text").string()));

plugin.views.set("panic", (request: Value, answer: Writer): Fault | null => {
  assert(false, "as asked");
  return null;
});

let turns = 0;

plugin.views.set("spin", (request: Value, answer: Writer): Fault | null => {
  const op = param(request, "op").string();
  if (op != "") {
    const reply = ask(op);
    if (reply.fault) return reply.fault;
  }
  while (turns >= 0) turns = (turns + 1) & 0xffff;
  return null;
});

// obey has no context to look at: a guest learns of its deadline by being stopped.
plugin.views.set("obey", (request: Value, answer: Writer): Fault | null => {
  while (schedYield() == 0) turns++;
  return null;
});

plugin.views.set("sleep", (request: Value, answer: Writer): Fault | null => {
  const subscription = new StaticArray<u8>(48), event = new StaticArray<u8>(36);
  const at = changetype<usize>(subscription);
  store<u32>(at + 16, 1); // the monotonic clock
  store<u64>(at + 24, 3_600_000_000_000); // an hour
  pollOneoff(at, changetype<usize>(event), 1, changetype<usize>(event) + 32);
  return titled(answer, "");
});

plugin.views.set("allocate", (request: Value, answer: Writer): Fault | null => {
  const mib = number(request, "mib");
  if (mib < 0 || mib > 1023) return new Fault("invalid", "mib: a number up to 1023");
  const sink = new StaticArray<u8>(mib << 20);
  for (let i = 0; i < sink.length; i += 4096) sink[i] = 1;
  return titled(answer, sink.length.toString());
});

// bomb keeps all that it allocates.
plugin.views.set("bomb", (request: Value, answer: Writer): Fault | null => {
  const all = new Array<StaticArray<u8>>();
  while (turns >= 0) {
    const b = new StaticArray<u8>(1 << 20);
    for (let i = 0; i < b.length; i += 4096) b[i] = 1;
    all.push(b);
  }
  return titled(answer, all.length.toString());
});

// churn gives back by hand what it no longer needs: the collector of this runtime comes between calls alone.
plugin.views.set("churn", (request: Value, answer: Writer): Fault | null => {
  const mib = number(request, "mib"), piece: usize = 16 << 10;
  if (mib < 0) return new Fault("invalid", "mib: a number");
  const recent = new StaticArray<usize>(64);
  for (let i = 0; i < mib << 6; i++) {
    if (recent[i % 64] != 0) heap.free(recent[i % 64]);
    const at = heap.alloc(piece);
    for (let n: usize = 0; n < piece; n += 4096) store<u8>(at + n, 1);
    recent[i % 64] = at;
  }
  return titled(answer, mib.toString());
});

function deeper(n: i32, depth: i32): i32 {
  if (n == depth) return n; // without a depth never, but that is for the stack to find out
  return deeper(n + 1, depth) + (turns & 0x10000);
}

plugin.views.set("recurse", (request: Value, answer: Writer): Fault | null => titled(answer, deeper(1, number(request, "depth")).toString()));

plugin.views.set("ask", (request: Value, answer: Writer): Fault | null => {
  const reply = ask(param(request, "op").string(), new Writer().raw(request.message()));
  if (reply.fault) return reply.fault;
  if (!reply.body.isMap) return new Fault("internal", "the body of the host's answer is no request", "host");
  return titled(answer, reply.body.field("name").string());
});

plugin.views.set("ask-panic", (request: Value, answer: Writer): Fault | null => {
  const reply = ask(param(request, "op").string(), new Writer().raw(request.message()));
  if (reply.fault) return reply.fault;
  assert(false, "as asked, after a host call");
  return null;
});

// ask-both makes one call after the other: a guest has one stack.
plugin.views.set("ask-both", (request: Value, answer: Writer): Fault | null => {
  const first = ask(param(request, "op").string(), new Writer().raw(request.message()));
  if (first.fault) return first.fault;
  const second = ask(param(request, "second").string(), new Writer().raw(request.message()));
  if (second.fault) return second.fault;
  return titled(answer, first.body.field("name").string() + " " + second.body.field("name").string());
});

plugin.views.set("ask-many", (request: Value, answer: Writer): Fault | null => {
  const times = number(request, "times"), op = param(request, "op").string();
  if (times < 0) return new Fault("invalid", "times: a number");
  for (let i = 0; i < times; i++) {
    const reply = ask(op);
    if (reply.fault) return reply.fault;
  }
  return titled(answer, times.toString());
});

let remembered = "";

plugin.views.set("remember", (request: Value, answer: Writer): Fault | null => {
  titled(answer, remembered);
  remembered = param(request, "text").string();
  return null;
});

plugin.views.set("exit", (request: Value, answer: Writer): Fault | null => {
  procExit(3);
  return null;
});

plugin.views.set("print", (request: Value, answer: Writer): Fault | null => {
  const text = param(request, "text").raw(), io = new StaticArray<usize>(3), at = changetype<usize>(io);
  io[0] = changetype<usize>(text);
  io[1] = text.length;
  fdWrite(2, at, 1, at + 8);
  return titled(answer, "");
});

plugin.views.set("look", (request: Value, answer: Writer): Fault | null => {
  const out = new StaticArray<u32>(4), at = changetype<usize>(out);
  argsSizesGet(at, at + 4);
  environSizesGet(at + 8, at + 12);
  let found = out[0] + out[2] == 0 ? "[] []" : "arguments or environment";
  const path = String.UTF8.encode(".");
  for (let dir: u32 = 0; dir < 10; dir++) {
    if (pathOpen(dir, 0, changetype<usize>(path), 1, 0, 2, 0, 0, at) == 0) found += " a directory";
  }
  return titled(answer, found);
});

// What the host gives each call, and what it answers when it is asked.
const seed = new StaticArray<u64>(4);

export function pergola_seed(): usize { return changetype<usize>(seed); }

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "random_get")
declare function randomGet(at: usize, n: u32): u32;

plugin.views.set("draw", (request: Value, answer: Writer): Fault | null => {
  const asked = new StaticArray<u64>(1);
  randomGet(changetype<usize>(asked), 8);
  return titled(answer, `${seed[0]} ${seed[1] ^ seed[3]} ${seed[2]} ${asked[0]}`);
});

// scan looks for a text whose lowest bits were changed, so that what knows the needle does not hold the text.
plugin.views.set("scan", (request: Value, answer: Writer): Fault | null => {
  const needle = param(request, "needle").raw();
  if (needle.length < 8) return new Fault("invalid", "needle: it is shorter than 8 bytes and could be there by chance");
  const size = <usize>memory.size() << 16;
  let found = 0;
  for (let i: usize = 0; i + needle.length <= size; i++) {
    let n = 0;
    while (n < needle.length && (load<u8>(i + n) ^ 1) == needle[n]) n++;
    if (n == needle.length) found++;
  }
  return titled(answer, found.toString());
});

plugin.views.set("size", (request: Value, answer: Writer): Fault | null => titled(answer, request.field("state").raw().length.toString()));

plugin.actions.set("echo", (request: Value, answer: Writer): Fault | null => {
  answer.map(3).string("title").text(param(request, "text").raw()).string("blocks").list(0)
    .string("open_issue").text(request.field("context").field("issue_id").raw());
  return null;
});

plugin.suggesters.set("echo", (request: Value, answer: Writer): Fault | null => {
  answer.map(2).string("choices").list(1)
    .map(2).string("value").text(param(request, "field").raw()).string("label").text(param(request, "q").raw())
    .string("more").bool(true);
  return null;
});

function attach(answer: Writer, name: string, body: StaticArray<u8>): Fault | null {
  answer.map(3).string("name").string(name).string("content_type").string("text/csv").string("body").bin(body);
  return null;
}

plugin.files.set("bytes", (request: Value, answer: Writer): Fault | null => attach(answer, "state.bin", request.field("state").raw()));

plugin.files.set("big", (request: Value, answer: Writer): Fault | null => {
  const body = new StaticArray<u8>(5 << 20);
  body.fill(0x78);
  return attach(answer, "big.bin", body);
});

plugin.files.set("fill", (request: Value, answer: Writer): Fault | null => {
  const bytes = number(request, "bytes");
  if (bytes < 0) return new Fault("invalid", "bytes: a number");
  return attach(answer, "fill.bin", new StaticArray<u8>(bytes));
});
