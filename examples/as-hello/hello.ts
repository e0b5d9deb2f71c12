// The plugin of examples/hello in AssemblyScript: a panel that greets with the key of its issue.
import { Fault, Value, Writer, ask, plugin } from "../../sdk/wire/pergola";
export { pergola_buffer, pergola_call } from "../../sdk/wire/pergola";

plugin.id = "example.ashello";
plugin.version = "0.1.0";
plugin.views.set("panel", (request: Value, answer: Writer): Fault | null => {
  const id = request.field("context").field("issue_id").string();
  const issue = ask("jira.issue", new Writer().map(1).string("id").string(id));
  const fault = issue.fault;
  if (fault && fault.code != "not_found") return fault;
  const name = fault ? "whoever you are" : issue.body.field("key").string();
  answer.page("Hello", 1).paragraph("Hello, " + name + "!");
  return null;
});
