// The plugin of examples/hello in C: a panel that greets with the key of its issue.
#include "pergola.h"

static pergola_error panel(pergola_value request, pergola_writer *answer) {
  pergola_writer query = {0};
  pergola_add_map(&query, 1);
  pergola_add_text(&query, "id");
  pergola_add_string(&query, pergola_as_string(pergola_field(pergola_field(request, "context"), "issue_id")));

  pergola_value issue;
  pergola_error e = pergola_ask(PERGOLA_JIRA_ISSUE, &query, &issue);
  if (pergola_is(e.code, PERGOLA_NOT_FOUND)) {
    pergola_add_page(answer, pergola_text("Hello"), 1);
    pergola_add_paragraph(answer, pergola_text("Hello, whoever you are!"));
    return PERGOLA_OK;
  }
  if (pergola_failed(e)) return e;

  pergola_add_page(answer, pergola_text("Hello"), 1);
  pergola_add_spans(answer, 3);
  pergola_add_span(answer, pergola_text("Hello, "));
  pergola_add_span(answer, pergola_as_string(pergola_field(issue, "key")));
  pergola_add_span(answer, pergola_text("!"));
  return PERGOLA_OK;
}

static const pergola_named views[] = {{"panel", panel}, {0}};
static const pergola_plugin plugin = {.id = "example.chello", .version = "0.1.0", .views = views};
PERGOLA_SERVE(plugin)
