/*
 * pergola.h: a plugin in C, against ABI v1. Copy this file beside your code.
 *
 * Copyright 2026 The Pergola authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A plugin is a table of handlers. A handler reads the request and adds a page (or a file) to the answer:
 *
 *     #include "pergola.h"
 *
 *     static pergola_error panel(pergola_value request, pergola_writer *answer) {
 *       pergola_add_page(answer, pergola_text("Hello"), 1);
 *       pergola_add_paragraph(answer, pergola_as_string(pergola_field(request, "name")));
 *       return PERGOLA_OK;
 *     }
 *
 *     static const pergola_named views[] = {{"panel", panel}, {0}};
 *     static const pergola_plugin plugin = {.id = "example.hello", .version = "0.1.0", .views = views};
 *     PERGOLA_SERVE(plugin)
 *
 * Build it with clang, lld and wasi-libc:
 *
 *     clang --target=wasm32-wasi -mexec-model=reactor -Os -Wl,--strip-all,--stack-first -o plugin.wasm hello.c
 *
 * --stack-first matters: with it a stack that overflows traps; without it it writes over your data.
 *
 * What the messages hold stands in ABI.md. Nothing of a call outlives it: what these functions allocate is freed when the
 * next call begins, and the host sets all memory back anyway. So nothing here has to be freed. Where memory runs out the
 * guest traps, and the host tells the user that the plugin reached its limit.
 */
#ifndef PERGOLA_H
#define PERGOLA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PERGOLA_ABI 1
#define PERGOLA_SDK "0.5.0"
#define PERGOLA_MAX_MESSAGE 4194304 /* bytes of a message, in either direction */
#define PERGOLA_MAX_VALUES 131072   /* values in a message: numbers, strings, maps, lists, and the names in maps */
#define PERGOLA_MAX_DEPTH 32        /* how deep values may lie in each other */

/* What a host asks of a plugin. */
#define PERGOLA_OP_DESCRIBE "describe"
#define PERGOLA_OP_VIEW "view"
#define PERGOLA_OP_ACTION "action"
#define PERGOLA_OP_FILE "file"
#define PERGOLA_OP_SUGGEST "suggest"
#define PERGOLA_OP_SERVICE "service"
#define PERGOLA_OP_GUARD "guard"
#define PERGOLA_OP_EVENT "event"
#define PERGOLA_OP_JOB "job"
#define PERGOLA_OP_JQL "jql"
#define PERGOLA_OP_ROUTE "route"
#define PERGOLA_SYNC_CHECK "sync.check"
#define PERGOLA_SYNC_DISCOVER "sync.discover"
#define PERGOLA_SYNC_READ "sync.read"
#define PERGOLA_SYNC_WRITE "sync.write"

/* What a plugin asks of its host. */
#define PERGOLA_JIRA_ISSUE "jira.issue"
#define PERGOLA_JIRA_SEARCH "jira.search"
#define PERGOLA_JIRA_ISSUES "jira.issues"
#define PERGOLA_JIRA_FIELDS "jira.fields"
#define PERGOLA_JIRA_LINKTYPES "jira.linktypes"
#define PERGOLA_JIRA_ISSUETYPES "jira.issuetypes"
#define PERGOLA_JIRA_MAY "jira.may"
#define PERGOLA_JIRA_LINKS "jira.links"
#define PERGOLA_JIRA_LINK "jira.link"
#define PERGOLA_JIRA_UNLINK "jira.unlink"
#define PERGOLA_JOB_LIST "job.list"
#define PERGOLA_JOB_START "job.start"
#define PERGOLA_JOB_STEER "job.steer"
#define PERGOLA_JQLFUNC_ISSUES "jqlfunc.issues"
#define PERGOLA_JQLFUNC_STALE "jqlfunc.stale"
#define PERGOLA_JIRA_CREATE "jira.create"
#define PERGOLA_JIRA_PROPERTY_GET "jira.property.get"
#define PERGOLA_JIRA_PROPERTY_SET "jira.property.set"
#define PERGOLA_JIRA_PROPERTY_DELETE "jira.property.delete"
#define PERGOLA_JIRA_PROJECTS "jira.projects"
#define PERGOLA_JIRA_CATEGORIES "jira.categories"
#define PERGOLA_STORE_GET "store.get"
#define PERGOLA_STORE_PUT "store.put"
#define PERGOLA_STORE_DELETE "store.delete"
#define PERGOLA_STORE_WRITE "store.write"
#define PERGOLA_STORE_LIST "store.list"
#define PERGOLA_STORE_COUNT "store.count"
#define PERGOLA_STORE_CLEAR "store.clear"
#define PERGOLA_STORE_TOKENS "store.tokens"
#define PERGOLA_SETTINGS_LOAD "settings.load"
#define PERGOLA_CONFIG_GET "config.get"
#define PERGOLA_CONFIG_LIST "config.list"
#define PERGOLA_LOG_WRITE "log.write"
#define PERGOLA_SERVICE_CALL "service.call"

/* What went wrong, and whose fault it is. */
#define PERGOLA_INVALID "invalid"
#define PERGOLA_NOT_FOUND "not_found"
#define PERGOLA_EXISTS "exists"
#define PERGOLA_PERMISSION_DENIED "permission_denied"
#define PERGOLA_UNAUTHENTICATED "unauthenticated"
#define PERGOLA_EXHAUSTED "exhausted"
#define PERGOLA_CANCELED "canceled"
#define PERGOLA_DEADLINE "deadline"
#define PERGOLA_UNAVAILABLE "unavailable"
#define PERGOLA_UNIMPLEMENTED "unimplemented"
#define PERGOLA_INTERNAL "internal"
#define PERGOLA_FROM_PLUGIN "plugin"
#define PERGOLA_FROM_HOST "host"
#define PERGOLA_FROM_DOWNSTREAM "downstream"

__attribute__((import_module("pergola"), import_name("host_call"))) uint32_t pergola_host_call(const void *call, uint32_t n);
__attribute__((import_module("pergola"), import_name("host_read"))) void pergola_host_read(void *to, uint32_t n);

/* Bytes somewhere else: a string (not ended by a zero) or a blob. */
typedef struct {
  const uint8_t *at;
  size_t n;
} pergola_bytes;

static inline pergola_bytes pergola_text(const char *s) {
  return s ? (pergola_bytes){(const uint8_t *)s, strlen(s)} : (pergola_bytes){0};
}

static inline bool pergola_is(pergola_bytes b, const char *s) {
  return b.n == strlen(s) && (b.n == 0 || memcmp(b.at, s, b.n) == 0);
}

/* -- Memory of one call ------------------------------------------------------------------------------------------- */

struct pergola_block {
  struct pergola_block *next;
};

__attribute__((weak)) struct pergola_block *pergola_blocks; /* weak: one list, however many files include this one */

/* Memory that is valid until the call ends. It traps where there is none. */
static inline void *pergola_alloc(size_t n) {
  struct pergola_block *b = n < SIZE_MAX / 2 ? malloc(sizeof *b + 8 + n) : NULL;
  if (!b) __builtin_trap();
  b->next = pergola_blocks;
  pergola_blocks = b;
  return (uint8_t *)b + 8;
}

static inline void pergola_free_all(void) {
  while (pergola_blocks) {
    struct pergola_block *next = pergola_blocks->next;
    free(pergola_blocks);
    pergola_blocks = next;
  }
}

/* -- Reading MessagePack ------------------------------------------------------------------------------------------ */

/*
 * A value, at the start of the bytes from at to end. Where at is NULL there is none, and everything below then answers as
 * for an empty one, as it does for a value of another type: so a field can be read without looking whether it is there.
 */
typedef struct {
  const uint8_t *at, *end;
} pergola_value;

/* The head of a value: its kind, its length or number of members, and where its content begins. */
typedef struct {
  enum { PERGOLA_NONE, PERGOLA_NIL, PERGOLA_BOOL, PERGOLA_INT, PERGOLA_UINT, PERGOLA_FLOAT, PERGOLA_STRING, PERGOLA_BIN, PERGOLA_EXT, PERGOLA_LIST, PERGOLA_MAP } kind;
  uint64_t n; /* of a number: its bits */
  const uint8_t *content;
} pergola_head;

static inline pergola_head pergola_read_head(pergola_value v) {
  static const struct {
    uint8_t kind, width, more;
  } forms[] = {
      {PERGOLA_NIL, 0, 0},    {PERGOLA_NONE, 0, 0},  {PERGOLA_BOOL, 0, 0},   {PERGOLA_BOOL, 0, 0},   {PERGOLA_BIN, 1, 0},  {PERGOLA_BIN, 2, 0},
      {PERGOLA_BIN, 4, 0},    {PERGOLA_EXT, 1, 1},   {PERGOLA_EXT, 2, 1},    {PERGOLA_EXT, 4, 1},    {PERGOLA_FLOAT, 4, 0}, {PERGOLA_FLOAT, 8, 0},
      {PERGOLA_UINT, 1, 0},   {PERGOLA_UINT, 2, 0},  {PERGOLA_UINT, 4, 0},   {PERGOLA_UINT, 8, 0},   {PERGOLA_INT, 1, 0},  {PERGOLA_INT, 2, 0},
      {PERGOLA_INT, 4, 0},    {PERGOLA_INT, 8, 0},   {PERGOLA_EXT, 0, 2},    {PERGOLA_EXT, 0, 3},    {PERGOLA_EXT, 0, 5},  {PERGOLA_EXT, 0, 9},
      {PERGOLA_EXT, 0, 17},   {PERGOLA_STRING, 1, 0}, {PERGOLA_STRING, 2, 0}, {PERGOLA_STRING, 4, 0}, {PERGOLA_LIST, 2, 0}, {PERGOLA_LIST, 4, 0},
      {PERGOLA_MAP, 2, 0},    {PERGOLA_MAP, 4, 0},
  };
  pergola_head h = {PERGOLA_NONE, 0, NULL};
  if (!v.at || v.at >= v.end) return h;
  uint8_t b = *v.at++;
  h.content = v.at;
  if (b < 0x80) return h.kind = PERGOLA_INT, h.n = b, h;
  if (b >= 0xe0) return h.kind = PERGOLA_INT, h.n = (uint64_t)(int64_t)(int8_t)b, h;
  if (b < 0x90) return h.kind = PERGOLA_MAP, h.n = b & 0x0f, h;
  if (b < 0xa0) return h.kind = PERGOLA_LIST, h.n = b & 0x0f, h;
  if (b < 0xc0) return h.kind = PERGOLA_STRING, h.n = b & 0x1f, h;
  size_t width = forms[b - 0xc0].width;
  if ((size_t)(v.end - v.at) < width) return h;
  h.kind = forms[b - 0xc0].kind;
  for (size_t i = 0; i < width; i++) h.n = h.n << 8 | v.at[i];
  h.content = v.at + width;
  if (h.kind == PERGOLA_BOOL) h.n = b & 1;
  if (h.kind == PERGOLA_INT) h.n = (uint64_t)((int64_t)(h.n << (64 - 8 * width)) >> (64 - 8 * width));
  if (h.kind == PERGOLA_EXT) h.n += forms[b - 0xc0].more;
  if (h.kind == PERGOLA_FLOAT && width == 4) { /* as the bits of a double */
    uint32_t bits = (uint32_t)h.n;
    float f;
    double d;
    memcpy(&f, &bits, 4);
    d = f;
    memcpy(&h.n, &d, 8);
  }
  return h;
}

static inline const uint8_t *pergola_walk(pergola_value v, int depth, uint32_t *values) {
  pergola_head h = pergola_read_head(v);
  if (h.kind == PERGOLA_NONE || depth > PERGOLA_MAX_DEPTH || ++*values > PERGOLA_MAX_VALUES) return NULL;
  uint64_t left = (uint64_t)(v.end - h.content);
  if (h.kind == PERGOLA_STRING || h.kind == PERGOLA_BIN || h.kind == PERGOLA_EXT) return h.n <= left ? h.content + h.n : NULL;
  if (h.kind != PERGOLA_LIST && h.kind != PERGOLA_MAP) return h.content;
  uint64_t members = h.kind == PERGOLA_MAP ? 2 * h.n : h.n;
  if (members > left) return NULL; /* each takes a byte at least */
  const uint8_t *at = h.content;
  for (uint64_t i = 0; i < members && at; i++) at = pergola_walk((pergola_value){at, v.end}, depth + 1, values);
  return at;
}

/* Where the value ends, or NULL where it is malformed, too deep or too large. */
static inline const uint8_t *pergola_end(pergola_value v) {
  uint32_t values = 0;
  return pergola_walk(v, 1, &values);
}

/* Whether the bytes are one well-formed value within the bounds of a message. */
static inline bool pergola_check(const uint8_t *at, size_t n) {
  return n <= PERGOLA_MAX_MESSAGE && n > 0 && pergola_end((pergola_value){at, at + n}) == at + n;
}

static inline bool pergola_is_absent(pergola_value v) {
  pergola_head h = pergola_read_head(v);
  return h.kind == PERGOLA_NONE || h.kind == PERGOLA_NIL;
}

static inline bool pergola_is_map(pergola_value v) { return pergola_read_head(v).kind == PERGOLA_MAP; }

static inline pergola_bytes pergola_content(pergola_value v, int kind) {
  pergola_head h = pergola_read_head(v);
  if ((int)h.kind != kind || h.n > (uint64_t)(v.end - h.content)) return (pergola_bytes){0};
  return (pergola_bytes){h.content, (size_t)h.n};
}

static inline pergola_bytes pergola_as_string(pergola_value v) { return pergola_content(v, PERGOLA_STRING); }
static inline pergola_bytes pergola_as_bin(pergola_value v) { return pergola_content(v, PERGOLA_BIN); }

static inline bool pergola_as_bool(pergola_value v) {
  pergola_head h = pergola_read_head(v);
  return h.kind == PERGOLA_BOOL && h.n;
}

static inline int64_t pergola_as_int(pergola_value v) {
  pergola_head h = pergola_read_head(v);
  return h.kind == PERGOLA_INT || (h.kind == PERGOLA_UINT && h.n <= INT64_MAX) ? (int64_t)h.n : 0;
}

static inline double pergola_as_float(pergola_value v) {
  pergola_head h = pergola_read_head(v);
  double d = 0;
  if (h.kind == PERGOLA_FLOAT) memcpy(&d, &h.n, 8);
  return h.kind == PERGOLA_FLOAT ? d : (double)pergola_as_int(v);
}

/* Goes through a list or a map: for (pergola_each e = pergola_members(v); pergola_next(&e);) use e.key and e.value. */
typedef struct {
  pergola_value key, value; /* the key is absent in a list */
  const uint8_t *at, *end;
  uint64_t left;
  bool map;
} pergola_each;

static inline pergola_each pergola_members(pergola_value v) {
  pergola_head h = pergola_read_head(v);
  bool map = h.kind == PERGOLA_MAP;
  return (pergola_each){.at = h.content, .end = v.end, .left = map || h.kind == PERGOLA_LIST ? h.n : 0, .map = map};
}

static inline bool pergola_next(pergola_each *e) {
  if (!e->left) return false;
  e->left--;
  if (e->map) {
    e->key = (pergola_value){e->at, e->end};
    e->at = pergola_end(e->key);
  }
  e->value = (pergola_value){e->at, e->end};
  e->at = pergola_end(e->value);
  return e->at != NULL;
}

/* The field of that name in a map. */
static inline pergola_value pergola_field(pergola_value map, const char *name) {
  if (pergola_is_map(map))
    for (pergola_each e = pergola_members(map); pergola_next(&e);)
      if (pergola_is(pergola_as_string(e.key), name)) return e.value;
  return (pergola_value){0};
}

/* -- Writing MessagePack ------------------------------------------------------------------------------------------ */

/* A message in the making; begin with pergola_writer w = {0}. Of a map's members, a name comes before each value. */
typedef struct {
  uint8_t *at;
  size_t n, room;
} pergola_writer;

static inline void pergola_add_raw(pergola_writer *w, const void *from, size_t n) {
  if (n > w->room - w->n) {
    if (n > SIZE_MAX / 4 - w->n) __builtin_trap();
    size_t room = (w->n + n) * 2 + 64;
    uint8_t *at = pergola_alloc(room);
    if (w->n) memcpy(at, w->at, w->n);
    w->at = at;
    w->room = room;
  }
  if (n) memcpy(w->at + w->n, from, n);
  w->n += n;
}

static inline void pergola_add_head(pergola_writer *w, uint8_t form, uint64_t n, size_t width) {
  uint8_t b[9] = {form};
  for (size_t i = 0; i < width; i++) b[1 + i] = (uint8_t)(n >> (8 * (width - 1 - i)));
  pergola_add_raw(w, b, 1 + width);
}

static inline void pergola_add_nil(pergola_writer *w) { pergola_add_head(w, 0xc0, 0, 0); }
static inline void pergola_add_bool(pergola_writer *w, bool b) { pergola_add_head(w, b ? 0xc3 : 0xc2, 0, 0); }
static inline void pergola_add_int(pergola_writer *w, int64_t n) {
  if (n >= 0 && n < 128) pergola_add_head(w, (uint8_t)n, 0, 0);
  else pergola_add_head(w, 0xd3, (uint64_t)n, 8);
}
static inline void pergola_add_float(pergola_writer *w, double d) {
  uint64_t bits;
  memcpy(&bits, &d, 8);
  pergola_add_head(w, 0xcb, bits, 8);
}
static inline void pergola_add_list(pergola_writer *w, uint32_t members) {
  if (members < 16) pergola_add_head(w, (uint8_t)(0x90 | members), 0, 0);
  else pergola_add_head(w, 0xdd, members, 4);
}
static inline void pergola_add_map(pergola_writer *w, uint32_t members) {
  if (members < 16) pergola_add_head(w, (uint8_t)(0x80 | members), 0, 0);
  else pergola_add_head(w, 0xdf, members, 4);
}
static inline void pergola_add_string(pergola_writer *w, pergola_bytes s) {
  if (s.n < 32) pergola_add_head(w, (uint8_t)(0xa0 | s.n), 0, 0);
  else pergola_add_head(w, 0xdb, s.n, 4);
  pergola_add_raw(w, s.at, s.n);
}
static inline void pergola_add_text(pergola_writer *w, const char *s) { pergola_add_string(w, pergola_text(s)); }
static inline void pergola_add_bin(pergola_writer *w, pergola_bytes b) {
  pergola_add_head(w, 0xc6, b.n, 4);
  pergola_add_raw(w, b.at, b.n);
}
/* Adds a value that was read; nil where it is absent or malformed. */
static inline void pergola_add_value(pergola_writer *w, pergola_value v) {
  const uint8_t *end = pergola_end(v);
  if (end) pergola_add_raw(w, v.at, (size_t)(end - v.at));
  else pergola_add_nil(w);
}

/* The beginning of a view.Page with so many blocks, which come next. */
static inline void pergola_add_page(pergola_writer *w, pergola_bytes title, uint32_t blocks) {
  pergola_add_map(w, 2);
  pergola_add_text(w, "title");
  pergola_add_string(w, title);
  pergola_add_text(w, "blocks");
  pergola_add_list(w, blocks);
}

/* A block: the beginning of a view.Text with so many spans, which come next. */
static inline void pergola_add_spans(pergola_writer *w, uint32_t spans) {
  pergola_add_map(w, 1);
  pergola_add_text(w, "text");
  pergola_add_map(w, 1);
  pergola_add_text(w, "spans");
  pergola_add_list(w, spans);
}

/* A view.Span of plain text. */
static inline void pergola_add_span(pergola_writer *w, pergola_bytes text) {
  pergola_add_map(w, 1);
  pergola_add_text(w, "text");
  pergola_add_string(w, text);
}

/* A block: a paragraph of plain text. */
static inline void pergola_add_paragraph(pergola_writer *w, pergola_bytes text) {
  pergola_add_spans(w, 1);
  pergola_add_span(w, text);
}

/* -- Errors and host calls ---------------------------------------------------------------------------------------- */

/* An sdk.Error; there is none where the code is empty. */
typedef struct {
  pergola_bytes code, source, message, field, limit;
  int64_t retry_after; /* seconds, 0 where nobody knows */
} pergola_error;

#define PERGOLA_OK ((pergola_error){0})

static inline bool pergola_failed(pergola_error e) { return e.code.n > 0; }

/* An error of the plugin. Its message is read by people: what is wrong, and what to do next. */
static inline pergola_error pergola_fail(const char *code, const char *message) {
  return (pergola_error){.code = pergola_text(code), .source = pergola_text(PERGOLA_FROM_PLUGIN), .message = pergola_text(message)};
}

static inline pergola_error pergola_host_fault(const char *message) {
  return (pergola_error){.code = pergola_text(PERGOLA_INTERNAL), .source = pergola_text(PERGOLA_FROM_HOST), .message = pergola_text(message)};
}

/* Asks the host; body may be NULL. Where there is no error, answer (which may be NULL too) is the body of the result. */
static inline pergola_error pergola_ask(const char *op, const pergola_writer *body, pergola_value *answer) {
  pergola_writer call = {0};
  pergola_add_map(&call, 2);
  pergola_add_text(&call, "op");
  pergola_add_text(&call, op);
  pergola_add_text(&call, "body");
  if (body && body->n) pergola_add_raw(&call, body->at, body->n);
  else pergola_add_nil(&call);
  if (call.n > PERGOLA_MAX_MESSAGE) return pergola_fail(PERGOLA_INVALID, "the host call is longer than 4 MiB; send less at a time");
  uint32_t n = pergola_host_call(call.at, (uint32_t)call.n);
  uint8_t *reply = pergola_alloc(n);
  pergola_host_read(reply, n);
  pergola_value result = {reply, reply + n};
  if (!pergola_check(reply, n) || !pergola_is_map(result)) return pergola_host_fault("the host's answer is malformed");
  pergola_value error = pergola_field(result, "error"), value = pergola_field(result, "body");
  if (!pergola_is_absent(error)) {
    pergola_error e = {
        pergola_as_string(pergola_field(error, "code")),
        pergola_as_string(pergola_field(error, "source")),
        pergola_as_string(pergola_field(error, "message")),
        pergola_as_string(pergola_field(error, "field")),
        pergola_as_string(pergola_field(error, "limit")),
        pergola_as_int(pergola_field(error, "retry_after")),
    };
    return pergola_failed(e) ? e : pergola_host_fault("the host's error has no code");
  }
  if (answer) *answer = value;
  return PERGOLA_OK;
}

/* -- Serving ------------------------------------------------------------------------------------------------------ */

/* Answers a request: adds the body of the answer, or returns an error. */
typedef pergola_error (*pergola_handler)(pergola_value request, pergola_writer *answer);

typedef struct {
  const char *name;
  pergola_handler handler;
} pergola_named;

/* Each list ends with {0}; one that is not offered may be NULL. */
typedef struct {
  const char *id, *version; /* as in plugin.json */
  const pergola_named *views, *actions, *files, *suggesters;
} pergola_plugin;

static inline void pergola_add_names(pergola_writer *w, const char *field, const pergola_named *list) {
  uint32_t n = 0;
  while (list && list[n].name) n++;
  pergola_add_text(w, field);
  pergola_add_list(w, n);
  for (uint32_t i = 0; i < n; i++) pergola_add_text(w, list[i].name);
}

static inline void pergola_describe(const pergola_plugin *p, pergola_writer *w) {
  pergola_add_map(w, 7);
  pergola_add_text(w, "id");
  pergola_add_text(w, p->id);
  pergola_add_text(w, "version");
  pergola_add_text(w, p->version);
  pergola_add_text(w, "sdk");
  pergola_add_text(w, PERGOLA_SDK);
  pergola_add_names(w, "views", p->views);
  pergola_add_names(w, "actions", p->actions);
  pergola_add_names(w, "files", p->files);
  pergola_add_names(w, "suggesters", p->suggesters);
}

static inline pergola_error pergola_route(const pergola_plugin *p, const uint8_t *at, size_t n, pergola_writer *answer) {
  pergola_value call = {at, at + n};
  if (!pergola_check(at, n) || !pergola_is_map(call)) return pergola_fail(PERGOLA_INVALID, "decode the call: it is malformed");
  pergola_value op = pergola_field(call, "op"), request = pergola_field(call, "body");
  pergola_bytes name = pergola_as_string(op);
  if (!pergola_is_absent(op) && pergola_read_head(op).kind != PERGOLA_STRING) return pergola_fail(PERGOLA_INVALID, "decode the call: op is not a string");
  if (pergola_is(name, PERGOLA_OP_DESCRIBE)) return pergola_describe(p, answer), PERGOLA_OK;
  const pergola_named *list;
  if (pergola_is(name, PERGOLA_OP_VIEW)) list = p->views;
  else if (pergola_is(name, PERGOLA_OP_ACTION)) list = p->actions;
  else if (pergola_is(name, PERGOLA_OP_FILE)) list = p->files;
  else if (pergola_is(name, PERGOLA_OP_SUGGEST)) list = p->suggesters;
  else return pergola_fail(PERGOLA_UNIMPLEMENTED, "this plugin was built with SDK " PERGOLA_SDK ", which does not have that operation");
  if (!pergola_is_map(request)) return pergola_fail(PERGOLA_INVALID, "decode the request: it is not a map");
  name = pergola_as_string(pergola_field(request, "name"));
  for (; list && list->name; list++)
    if (pergola_is(name, list->name)) return list->handler(request, answer);
  return pergola_fail(PERGOLA_NOT_FOUND, "the plugin has nothing of that name");
}

static inline uint64_t pergola_dispatch(const pergola_plugin *p, const uint8_t *at, size_t n) {
  pergola_free_all();
  pergola_writer result = {0};
  pergola_add_map(&result, 1);
  pergola_add_text(&result, "body");
  size_t head = result.n;
  pergola_error e = pergola_route(p, at, n, &result);
  if (!pergola_failed(e)) {
    if (result.n > PERGOLA_MAX_MESSAGE) e = pergola_fail(PERGOLA_EXHAUSTED, "the answer is longer than 4 MiB; show or make less at a time");
    else if (result.n == head) e = pergola_fail(PERGOLA_INTERNAL, "the handler returned neither an answer nor an error");
    else if (!pergola_check(result.at, result.n)) e = pergola_fail(PERGOLA_INTERNAL, "the handler's answer is malformed: a map or list announces more or fewer members than follow");
  }
  if (pergola_failed(e)) {
    result = (pergola_writer){0};
    pergola_add_map(&result, 1);
    pergola_add_text(&result, "error");
    pergola_add_map(&result, 3 + (e.field.n > 0) + (e.limit.n > 0) + (e.retry_after > 0));
    pergola_add_text(&result, "code");
    pergola_add_string(&result, e.code);
    pergola_add_text(&result, "source");
    pergola_add_string(&result, e.source.n ? e.source : pergola_text(PERGOLA_FROM_PLUGIN));
    pergola_add_text(&result, "message");
    pergola_add_string(&result, e.message);
    if (e.field.n) {
      pergola_add_text(&result, "field");
      pergola_add_string(&result, e.field);
    }
    if (e.limit.n) {
      pergola_add_text(&result, "limit");
      pergola_add_string(&result, e.limit);
    }
    if (e.retry_after > 0) {
      pergola_add_text(&result, "retry_after");
      pergola_add_int(&result, e.retry_after);
    }
  }
  return (uint64_t)(uintptr_t)result.at << 32 | result.n;
}

/* Defines the exports. Use it once, in one file. */
#define PERGOLA_SERVE(plugin)                                                                               \
  static uint8_t *pergola_in;                                                                               \
  __attribute__((export_name("pergola_buffer"))) void *pergola_buffer(uint32_t n) {                         \
    free(pergola_in);                                                                                       \
    pergola_in = malloc(n ? n : 1);                                                                         \
    if (!pergola_in) __builtin_trap();                                                                      \
    return pergola_in;                                                                                      \
  }                                                                                                         \
  __attribute__((export_name("pergola_call"))) uint64_t pergola_call(uint32_t n) {                          \
    return pergola_dispatch(&plugin, pergola_in, n);                                                        \
  }

#endif
