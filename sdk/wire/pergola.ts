/*
 * pergola.ts: a plugin in AssemblyScript, against ABI v1. Copy this file beside your code.
 *
 * Copyright 2026 The Pergola authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A plugin is a few maps of handlers. A handler reads the request and adds a page (or a file) to the answer:
 *
 *     import { Fault, Value, Writer, plugin } from "./pergola";
 *     export { pergola_buffer, pergola_call } from "./pergola";
 *
 *     plugin.id = "example.hello";
 *     plugin.version = "0.1.0";
 *     plugin.views.set("panel", (request: Value, answer: Writer): Fault | null => {
 *       answer.page("Hello", 1).paragraph(request.field("name").string());
 *       return null;
 *     });
 *
 * Build it with
 *
 *     asc hello.ts --outFile plugin.wasm -O3s --exportStart _initialize --runtime minimal --use abort=pergola/abort
 *
 * where pergola/abort is the path of this file without its ending, and the name of the function below. The minimal runtime
 * collects garbage where pergola_call says, which is between two calls.
 *
 * What the messages hold stands in ABI.md. The host sets all memory back after every call, so a variable that outlives a
 * call is a constant.
 */

// @ts-ignore: decorator
@external("pergola", "host_call")
declare function hostCall(ptr: usize, n: u32): u32;

// @ts-ignore: decorator
@external("pergola", "host_read")
declare function hostRead(ptr: usize, n: u32): void;

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fdWrite(fd: u32, iovs: usize, count: u32, written: usize): u32;

export const SDK = "0.5.0";
export const MAX_MESSAGE = 4194304; // bytes of a message, in either direction
export const MAX_VALUES = 131072; // values in a message: numbers, strings, maps, lists, and the names in maps
export const MAX_DEPTH = 32; // how deep values may lie in each other

type Bytes = StaticArray<u8>;

const noBytes: Bytes = new StaticArray<u8>(0);

/** An sdk.Error. Its message is read by people: what is wrong, and what to do next. */
export class Fault {
  constructor(
    public code: string, // such as "not_found"; ABI.md lists them
    public message: string,
    public source: string = "plugin",
    public field: string = "",
    public limit: string = "", // that was reached, such as "request.hostCalls"
    public retryAfter: i64 = 0, // seconds, 0 where nobody knows
  ) {}
}

/** Kinds of values. None is one that is not there. */
export enum Kind { None, Nil, Bool, Int, Float, String, Bin, Ext, List, Map }

/** A value of a message. One that is absent, or of another type than is asked for, answers as an empty one. */
export class Value {
  kind: Kind = Kind.None;
  private count: u64 = 0; // of a number: its bits
  private content: i32 = 0;

  constructor(private bytes: Bytes, public at: i32) {
    this.head();
  }

  // head reads the kind of the value, its length or number of members, and where its content begins.
  private head(): void {
    let b = this.bytes, at = this.at;
    if (at < 0 || at >= b.length) return;
    let form = b[at];
    this.content = at + 1;
    if (form < 0x80 || form >= 0xe0) return this.is(Kind.Int, <u64>(<i64>(<i8>form)));
    if (form < 0x90) return this.is(Kind.Map, form & 0x0f);
    if (form < 0xa0) return this.is(Kind.List, form & 0x0f);
    if (form < 0xc0) return this.is(Kind.String, form & 0x1f);
    switch (form) {
      case 0xc0: return this.is(Kind.Nil, 0);
      case 0xc2: case 0xc3: return this.is(Kind.Bool, form & 1);
      case 0xc4: case 0xc5: case 0xc6: return this.sized(Kind.Bin, 1 << (form - 0xc4), 0);
      case 0xc7: case 0xc8: case 0xc9: return this.sized(Kind.Ext, 1 << (form - 0xc7), 1);
      case 0xca: case 0xcb: return this.sized(Kind.Float, 4 << (form - 0xca), 0);
      case 0xcc: case 0xcd: case 0xce: case 0xcf: return this.sized(Kind.Int, 1 << (form - 0xcc), 0);
      case 0xd0: case 0xd1: case 0xd2: case 0xd3: return this.sized(Kind.Int, 1 << (form - 0xd0), 0);
      case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: return this.is(Kind.Ext, 1 + (1 << (form - 0xd4)));
      case 0xd9: case 0xda: case 0xdb: return this.sized(Kind.String, 1 << (form - 0xd9), 0);
      case 0xdc: case 0xdd: return this.sized(Kind.List, 2 << (form - 0xdc), 0);
      case 0xde: case 0xdf: return this.sized(Kind.Map, 2 << (form - 0xde), 0);
    }
  }

  private is(kind: Kind, count: u64): void {
    this.kind = kind;
    this.count = count;
  }

  private sized(kind: Kind, width: i32, more: u64): void {
    if (this.bytes.length - this.content < width) return;
    let n: u64 = 0;
    for (let i = 0; i < width; i++) n = (n << 8) | this.bytes[this.content + i];
    let form = this.bytes[this.at];
    if (form >= 0xd0 && form <= 0xd3) {
      let bits = <u64>(64 - 8 * width);
      n = <u64>(<i64>(n << bits) >> <i64>bits);
    } else if (form == 0xcf && <i64>n < 0) n = 0; // does not fit
    if (form == 0xca) n = reinterpret<u64>(<f64>reinterpret<f32>(<u32>n));
    this.content += width;
    this.is(kind, n + more);
  }

  /** Whether there is no value, or nil. */
  get absent(): bool { return this.kind == Kind.None || this.kind == Kind.Nil; }
  get isMap(): bool { return this.kind == Kind.Map; }
  get isString(): bool { return this.kind == Kind.String; }

  /** A copy of the content of a string, as it stands in the message, or of a blob. */
  raw(): StaticArray<u8> {
    if (this.kind != Kind.String && this.kind != Kind.Bin || this.count > <u64>(this.bytes.length - this.content)) return noBytes;
    return this.bytes.slice<Bytes>(this.content, this.content + <i32>this.count);
  }

  string(): string {
    if (this.kind != Kind.String || this.count > <u64>(this.bytes.length - this.content)) return "";
    return String.UTF8.decodeUnsafe(changetype<usize>(this.bytes) + this.content, <usize>this.count);
  }

  bool(): bool { return this.kind == Kind.Bool && this.count != 0; }
  int(): i64 { return this.kind == Kind.Int ? <i64>this.count : 0; }
  float(): f64 { return this.kind == Kind.Float ? reinterpret<f64>(this.count) : <f64>this.int(); }

  /** The field of that name in a map. */
  field(name: string): Value {
    if (this.kind == Kind.Map) {
      let at = this.content;
      for (let i: u64 = 0; i < this.count && at >= 0; i++) {
        let key = new Value(this.bytes, at), value = new Value(this.bytes, key.end());
        if (key.isString && key.string() == name) return value;
        at = value.end();
      }
    }
    return new Value(noBytes, -1);
  }

  /** The members of a list; of a map, names and values in turn. */
  members(): Value[] {
    let out: Value[] = [];
    let n = this.kind == Kind.List ? this.count : this.kind == Kind.Map ? 2 * this.count : 0;
    for (let i: u64 = 0, at = this.content; i < n && at >= 0; i++) {
      let v = new Value(this.bytes, at);
      if ((at = v.end()) >= 0) out.push(v);
    }
    return out;
  }

  /** Where the value ends, or -1 where it is malformed, too deep or too large. */
  end(): i32 {
    valuesSeen = 0;
    return walk(this.bytes, this.at, 1);
  }

  /** A copy of the value as it stands in the message. */
  message(): StaticArray<u8> {
    let end = this.end();
    return end < 0 ? noBytes : this.bytes.slice<Bytes>(this.at, end);
  }

  // step is for walk: where the members begin, and how many there are; or where the value ends, and 0.
  step(): i32 {
    if (this.kind == Kind.None) return -1;
    membersAhead = 0;
    let left = <u64>(this.bytes.length - this.content);
    if (this.kind == Kind.String || this.kind == Kind.Bin || this.kind == Kind.Ext) {
      return this.count <= left ? this.content + <i32>this.count : -1;
    }
    if (this.kind == Kind.List) membersAhead = this.count;
    if (this.kind == Kind.Map) membersAhead = 2 * this.count;
    return membersAhead <= left ? this.content : -1; // each takes a byte at least
  }
}

let valuesSeen = 0;
let membersAhead: u64 = 0;

function walk(bytes: Bytes, at: i32, depth: i32): i32 {
  if (depth > MAX_DEPTH || ++valuesSeen > MAX_VALUES) return -1;
  at = new Value(bytes, at).step();
  if (at < 0) return -1;
  for (let left = membersAhead; left > 0 && at >= 0; left--) at = walk(bytes, at, depth + 1);
  return at;
}

// check says whether bytes are one well-formed value within the bounds of a message.
function check(bytes: Bytes): bool {
  return bytes.length <= MAX_MESSAGE && new Value(bytes, 0).end() == bytes.length;
}

/** A message in the making. Of a map's members, a name comes before each value. Every method returns the writer. */
export class Writer {
  private bytes: Bytes = new StaticArray<u8>(256);
  length: i32 = 0;

  /** What was written, without a copy. It is valid until more is. */
  get ptr(): usize { return changetype<usize>(this.bytes); }

  private room(n: i32): usize {
    if (n > this.bytes.length - this.length) {
      let bigger = new StaticArray<u8>((this.length + n) * 2);
      memory.copy(changetype<usize>(bigger), changetype<usize>(this.bytes), this.length);
      this.bytes = bigger;
    }
    this.length += n;
    return changetype<usize>(this.bytes) + this.length - n;
  }

  private head(form: u32, n: u64, width: i32): this {
    store<u8>(this.room(1), <u8>form);
    for (let i = width - 1; i >= 0; i--) store<u8>(this.room(1), <u8>(n >> (8 * i)));
    return this;
  }

  nil(): this { return this.head(0xc0, 0, 0); }
  bool(b: bool): this { return this.head(b ? 0xc3 : 0xc2, 0, 0); }
  int(n: i64): this { return n >= 0 && n < 128 ? this.head(<u32>n, 0, 0) : this.head(0xd3, n, 8); }
  float(d: f64): this { return this.head(0xcb, reinterpret<u64>(d), 8); }
  list(members: i32): this { return members < 16 ? this.head(0x90 | members, 0, 0) : this.head(0xdd, members, 4); }
  map(members: i32): this { return members < 16 ? this.head(0x80 | members, 0, 0) : this.head(0xdf, members, 4); }

  string(s: string): this {
    let n = String.UTF8.byteLength(s);
    n < 32 ? this.head(0xa0 | n, 0, 0) : this.head(0xdb, n, 4);
    String.UTF8.encodeUnsafe(changetype<usize>(s), s.length, this.room(n));
    return this;
  }

  bin(b: StaticArray<u8>): this { return this.head(0xc6, b.length, 4).raw(b); }

  /** A string, from its bytes. */
  text(b: StaticArray<u8>): this { return (b.length < 32 ? this.head(0xa0 | b.length, 0, 0) : this.head(0xdb, b.length, 4)).raw(b); }

  /** A value that is encoded already, such as Value.message() of one that was read. */
  raw(b: StaticArray<u8>): this {
    memory.copy(this.room(b.length), changetype<usize>(b), b.length);
    return this;
  }

  /** A copy of what was written. */
  message(): StaticArray<u8> { return this.bytes.slice<Bytes>(0, this.length); }

  /** Drops what was written behind the first n bytes. */
  cut(n: i32): void { this.length = n; }

  /** The beginning of a view.Page with so many blocks, which come next. */
  page(title: string, blocks: i32): this { return this.map(2).string("title").string(title).string("blocks").list(blocks); }

  /** A block: a paragraph of plain text. */
  paragraph(text: string): this {
    return this.map(1).string("text").map(1).string("spans").list(1).map(1).string("text").string(text);
  }
}

/** The answer to a question to the host: a fault, or a body. */
export class Answer {
  constructor(public fault: Fault | null, public body: Value) {}
}

function hostFault(message: string): Answer {
  return new Answer(new Fault("internal", message, "host"), new Value(noBytes, -1));
}

/** Asks the host. */
export function ask(op: string, body: Writer | null = null): Answer {
  let call = new Writer().map(2).string("op").string(op).string("body");
  if (body) call.raw(body.message());
  else call.nil();
  if (call.length > MAX_MESSAGE) {
    return new Answer(new Fault("invalid", "the host call is longer than 4 MiB; send less at a time"), new Value(noBytes, -1));
  }
  let reply = new StaticArray<u8>(hostCall(call.ptr, call.length));
  hostRead(changetype<usize>(reply), reply.length);
  let result = new Value(reply, 0);
  if (!check(reply) || !result.isMap) return hostFault("the host's answer is malformed");
  let error = result.field("error");
  if (error.absent) return new Answer(null, result.field("body"));
  let code = error.field("code").string();
  if (code == "") return hostFault("the host's error has no code");
  return new Answer(
    new Fault(code, error.field("message").string(), error.field("source").string(), error.field("field").string(),
      error.field("limit").string(), error.field("retry_after").int()),
    result.field("body"),
  );
}

/** Answers a request: adds the body of the answer, or returns what is wrong. */
export type Handler = (request: Value, answer: Writer) => Fault | null;

export class Plugin {
  id: string = "";
  version: string = "";
  views: Map<string, Handler> = new Map();
  actions: Map<string, Handler> = new Map();
  files: Map<string, Handler> = new Map();
  suggesters: Map<string, Handler> = new Map();
}

/** What this program serves; fill it in at the top level of the program. */
export const plugin = new Plugin();

function names(w: Writer, field: string, handlers: Map<string, Handler>): void {
  let list = handlers.keys().sort();
  w.string(field).list(list.length);
  for (let i = 0; i < list.length; i++) w.string(list[i]);
}

function route(bytes: Bytes, answer: Writer): Fault | null {
  let call = new Value(bytes, 0);
  if (!check(bytes) || !call.isMap) return new Fault("invalid", "decode the call: it is malformed");
  let op = call.field("op"), request = call.field("body"), word = op.string();
  if (!op.absent && !op.isString) return new Fault("invalid", "decode the call: op is not a string");
  if (word == "describe") {
    answer.map(7).string("id").string(plugin.id).string("version").string(plugin.version).string("sdk").string(SDK);
    names(answer, "views", plugin.views);
    names(answer, "actions", plugin.actions);
    names(answer, "files", plugin.files);
    names(answer, "suggesters", plugin.suggesters);
    return null;
  }
  if (word != "view" && word != "action" && word != "file" && word != "suggest") {
    return new Fault("unimplemented", "operation " + word + "; this plugin was built with SDK " + SDK);
  }
  if (!request.isMap) return new Fault("invalid", "decode the request of " + word + ": it is not a map");
  let handlers = word == "view" ? plugin.views : word == "action" ? plugin.actions : word == "file" ? plugin.files : plugin.suggesters;
  let name = request.field("name").string();
  if (!handlers.has(name)) return new Fault("not_found", word + " " + name);
  return handlers.get(name)(request, answer);
}

let buffer: Bytes = noBytes;
let result: Writer = new Writer();

export function pergola_buffer(n: u32): usize {
  buffer = new StaticArray<u8>(n);
  return changetype<usize>(buffer);
}

export function pergola_call(n: u32): u64 {
  __collect(); // what earlier calls left; here nothing of it is in use
  let call = buffer.slice<Bytes>(0, n);
  result = new Writer().map(1).string("body");
  let head = result.length, fault = route(call, result);
  if (!fault) {
    if (result.length > MAX_MESSAGE) fault = new Fault("exhausted", "the answer is longer than 4 MiB; show or make less at a time");
    else if (result.length == head) fault = new Fault("internal", "the handler returned neither an answer nor a fault");
    else if (!check(result.message())) {
      fault = new Fault("internal", "the handler's answer is malformed: a map or list announces more or fewer members than follow");
    }
  }
  if (fault) {
    result = new Writer().map(1).string("error").map(3 + i32(fault.field != "") + i32(fault.limit != "") + i32(fault.retryAfter > 0))
      .string("code").string(fault.code)
      .string("source").string(fault.source == "" ? "plugin" : fault.source)
      .string("message").string(fault.message);
    if (fault.field != "") result.string("field").string(fault.field);
    if (fault.limit != "") result.string("limit").string(fault.limit);
    if (fault.retryAfter > 0) result.string("retry_after").int(fault.retryAfter);
  }
  return (<u64>result.ptr << 32) | result.length;
}

/** Ends the call as a defect; a developer's host shows the message. The compiler calls it, see --use above. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  let text = String.UTF8.encode((message ? message : "abort") + " in " + (file ? file : "?") + ":" + line.toString() + "\n");
  let io = new StaticArray<usize>(3);
  io[0] = changetype<usize>(text);
  io[1] = text.byteLength;
  fdWrite(2, changetype<usize>(io), 1, changetype<usize>(io) + 8);
  unreachable();
}
