// Answers with the field "value" of the request: reads each value in it by its kind, and writes it anew.
import { Fault, Kind, Value, Writer, plugin } from "../../../../sdk/wire/pergola";
export { pergola_buffer, pergola_call } from "../../../../sdk/wire/pergola";

function mirror(v: Value, w: Writer): void {
  const members = v.members();
  switch (v.kind) {
    case Kind.Bool: w.bool(v.bool()); break;
    case Kind.Int: w.int(v.int()); break;
    case Kind.Float: w.float(v.float()); break;
    case Kind.String: w.string(v.string()); break;
    case Kind.Bin: w.bin(v.raw()); break;
    case Kind.List: w.list(members.length); break;
    case Kind.Map: w.map(members.length / 2); break;
    default: w.raw(v.message());
  }
  for (let i = 0; i < members.length; i++) mirror(members[i], w);
}

plugin.id = "pergola.mirror";
plugin.version = "0.1.0";
plugin.views.set("mirror", (request: Value, answer: Writer): Fault | null => {
  mirror(request.field("value"), answer);
  return null;
});
