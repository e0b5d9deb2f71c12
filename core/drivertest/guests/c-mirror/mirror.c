// Answers with the field "value" of the request: reads each value in it by its kind, and writes it anew.
#include "pergola.h"

static void mirror(pergola_value v, pergola_writer *w) {
  pergola_each e = pergola_members(v);
  switch (pergola_read_head(v).kind) {
  case PERGOLA_BOOL: pergola_add_bool(w, pergola_as_bool(v)); break;
  case PERGOLA_INT:
  case PERGOLA_UINT: pergola_add_int(w, pergola_as_int(v)); break;
  case PERGOLA_FLOAT: pergola_add_float(w, pergola_as_float(v)); break;
  case PERGOLA_STRING: pergola_add_string(w, pergola_as_string(v)); break;
  case PERGOLA_BIN: pergola_add_bin(w, pergola_as_bin(v)); break;
  case PERGOLA_LIST: pergola_add_list(w, (uint32_t)e.left); break;
  case PERGOLA_MAP: pergola_add_map(w, (uint32_t)e.left); break;
  default: pergola_add_value(w, v);
  }
  while (pergola_next(&e)) {
    if (e.map) mirror(e.key, w);
    mirror(e.value, w);
  }
}

static pergola_error view(pergola_value request, pergola_writer *answer) {
  mirror(pergola_field(request, "value"), answer);
  return PERGOLA_OK;
}

static const pergola_named views[] = {{"mirror", view}, {0}};
static const pergola_plugin plugin = {.id = "pergola.mirror", .version = "0.1.0", .views = views};
PERGOLA_SERVE(plugin)
