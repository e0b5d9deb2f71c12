// The plugin of core/drivertest/fixture in C, name for name; see there for what each view does.
#define _GNU_SOURCE // for getentropy
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "pergola.h"

extern char **environ;

static pergola_bytes param(pergola_value request, const char *name) {
  return pergola_as_string(pergola_field(pergola_field(request, "params"), name));
}

static char *terminated(pergola_bytes b) {
  char *s = pergola_alloc(b.n + 1);
  if (b.n) memcpy(s, b.at, b.n);
  s[b.n] = 0;
  return s;
}

// number reads a parameter of digits.
static pergola_error number(pergola_value request, const char *name, unsigned *out) {
  pergola_bytes b = param(request, name);
  *out = 0;
  for (size_t i = 0; i < b.n; i++) {
    if (b.at[i] < '0' || b.at[i] > '9' || *out > 100000000) return pergola_fail(PERGOLA_INVALID, "a parameter is not a number");
    *out = *out * 10 + (unsigned)(b.at[i] - '0');
  }
  return b.n ? PERGOLA_OK : pergola_fail(PERGOLA_INVALID, "a parameter is missing");
}

static pergola_error titled(pergola_writer *answer, pergola_bytes title) {
  pergola_add_page(answer, title, 0);
  return PERGOLA_OK;
}

static pergola_error counted(pergola_writer *answer, unsigned n) {
  char *s = pergola_alloc(16);
  snprintf(s, 16, "%u", n);
  return titled(answer, pergola_text(s));
}

static pergola_error echo(pergola_value request, pergola_writer *answer) { return titled(answer, param(request, "text")); }

static pergola_error fail(pergola_value request, pergola_writer *answer) {
  (void)answer;
  return (pergola_error){.code = param(request, "code"), .source = pergola_text(PERGOLA_FROM_PLUGIN), .message = param(request, "text")};
}

static pergola_error defect(pergola_value request, pergola_writer *answer) {
  (void)request, (void)answer;
  __builtin_trap();
}

// obey has no context to look at: a guest learns of its deadline by being stopped.
static pergola_error obey(pergola_value request, pergola_writer *answer) {
  (void)request;
  while (answer) sched_yield();
  return PERGOLA_OK;
}

static pergola_error rest(pergola_value request, pergola_writer *answer) {
  (void)request;
  sleep(3600);
  return titled(answer, pergola_text(""));
}

static pergola_error allocate(pergola_value request, pergola_writer *answer) {
  unsigned mib;
  pergola_error e = number(request, "mib", &mib);
  if (pergola_failed(e)) return e;
  if (mib > 2048) return pergola_fail(PERGOLA_INVALID, "mib: at most 2048");
  volatile uint8_t *sink = malloc((size_t)mib << 20);
  if (!sink) return pergola_fail(PERGOLA_EXHAUSTED, "there is not so much memory; ask for less");
  for (size_t i = 0; i < (size_t)mib << 20; i += 4096) sink[i] = 1;
  free((void *)sink);
  return counted(answer, mib << 20);
}

// bomb keeps all that it allocates.
static pergola_error bomb(pergola_value request, pergola_writer *answer) {
  (void)request, (void)answer;
  for (;;) memset(pergola_alloc(1 << 20), 1, 1 << 20);
}

static pergola_error churn(pergola_value request, pergola_writer *answer) {
  unsigned mib;
  pergola_error e = number(request, "mib", &mib);
  if (pergola_failed(e)) return e;
  enum { piece = 16 << 10, kept = 64 };
  uint8_t *recent[kept] = {0};
  for (size_t i = 0; i < ((size_t)mib << 20) / piece; i++) {
    free(recent[i % kept]);
    volatile uint8_t *b = recent[i % kept] = malloc(piece);
    if (!b) return pergola_fail(PERGOLA_EXHAUSTED, "there is not so much memory; ask for less");
    for (size_t at = 0; at < piece; at += 4096) b[at] = 1;
  }
  for (size_t i = 0; i < kept; i++) free(recent[i]);
  return counted(answer, mib);
}

static volatile unsigned nothing; // keeps the compiler from making a loop of the recursion

static unsigned deeper(unsigned n, unsigned depth) {
  if (n == depth) return n; // without a depth never, but that is for the stack to find out
  return deeper(n + 1, depth) + nothing;
}

static pergola_error recurse(pergola_value request, pergola_writer *answer) {
  unsigned depth = 0;
  if (param(request, "depth").n) {
    pergola_error e = number(request, "depth", &depth);
    if (pergola_failed(e)) return e;
  }
  return counted(answer, deeper(1, depth));
}

static pergola_error ask(pergola_value request, pergola_writer *answer) {
  pergola_writer body = {0};
  pergola_add_value(&body, request);
  pergola_value reply;
  pergola_error e = pergola_ask(terminated(param(request, "op")), &body, &reply);
  if (pergola_failed(e)) return e;
  if (!pergola_is_map(reply)) return pergola_host_fault("the body of the host's answer is no request");
  return titled(answer, pergola_as_string(pergola_field(reply, "name")));
}

static pergola_error spin(pergola_value request, pergola_writer *answer) {
  if (param(request, "op").n) {
    pergola_error e = pergola_ask(terminated(param(request, "op")), NULL, NULL);
    if (pergola_failed(e)) return e;
  }
  for (volatile unsigned n = 0;; n++)
    if (answer == NULL) return PERGOLA_OK;
}

static pergola_error ask_panic(pergola_value request, pergola_writer *answer) {
  pergola_error e = ask(request, answer);
  if (pergola_failed(e)) return e;
  __builtin_trap();
}

// ask_both makes one call after the other: a guest has one stack.
static pergola_error ask_both(pergola_value request, pergola_writer *answer) {
  static const char *const ops[] = {"op", "second"};
  pergola_bytes names[2];
  for (size_t i = 0; i < 2; i++) {
    pergola_writer body = {0};
    pergola_add_value(&body, request);
    pergola_value reply;
    pergola_error e = pergola_ask(terminated(param(request, ops[i])), &body, &reply);
    if (pergola_failed(e)) return e;
    names[i] = pergola_as_string(pergola_field(reply, "name"));
  }
  char *s = pergola_alloc(names[0].n + names[1].n + 2);
  snprintf(s, names[0].n + names[1].n + 2, "%s %s", terminated(names[0]), terminated(names[1]));
  return titled(answer, pergola_text(s));
}

static pergola_error ask_many(pergola_value request, pergola_writer *answer) {
  unsigned times;
  pergola_error e = number(request, "times", &times);
  for (unsigned i = 0; i < times && !pergola_failed(e); i++) e = pergola_ask(terminated(param(request, "op")), NULL, NULL);
  return pergola_failed(e) ? e : counted(answer, times);
}

static char remembered[256];

static pergola_error remember(pergola_value request, pergola_writer *answer) {
  titled(answer, pergola_text(remembered));
  snprintf(remembered, sizeof remembered, "%s", terminated(param(request, "text")));
  return PERGOLA_OK;
}

static pergola_error leave(pergola_value request, pergola_writer *answer) {
  (void)request, (void)answer;
  _Exit(3);
}

static pergola_error print(pergola_value request, pergola_writer *answer) {
  pergola_bytes text = param(request, "text");
  (void)!write(STDERR_FILENO, text.at, text.n);
  return titled(answer, pergola_text(""));
}

static pergola_error look(pergola_value request, pergola_writer *answer) {
  (void)request;
  static const char *const paths[] = {"/", ".", "/etc/passwd", "/proc/self/environ"};
  char *found = terminated(pergola_text("[] []                                                                                "));
  size_t n = 5;
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
    if (open(paths[i], O_RDONLY) >= 0) n += (size_t)snprintf(found + n, 24, " %s", paths[i]);
  if (open("trace", O_CREAT | O_WRONLY, 0600) >= 0) n += (size_t)snprintf(found + n, 8, " writes");
  if (environ && *environ) n += (size_t)snprintf(found + n, 8, " env");
  return titled(answer, (pergola_bytes){(uint8_t *)found, n});
}

// What the host gives each call, and what it answers when it is asked.
static uint64_t seed[4];

__attribute__((export_name("pergola_seed"))) void *pergola_seed(void) { return seed; }

static pergola_error draw(pergola_value request, pergola_writer *answer) {
  (void)request;
  uint64_t asked;
  if (getentropy(&asked, sizeof asked)) return pergola_fail(PERGOLA_INTERNAL, "there is no randomness");
  char *s = pergola_alloc(128);
  snprintf(s, 128, "%llu %llu %llu %llu", (unsigned long long)seed[0], (unsigned long long)(seed[1] ^ seed[3]), (unsigned long long)seed[2],
           (unsigned long long)asked);
  return titled(answer, pergola_text(s));
}

// scan looks for a text whose lowest bits were changed, so that what knows the needle does not hold the text.
static pergola_error scan(pergola_value request, pergola_writer *answer) {
  pergola_bytes needle = param(request, "needle");
  if (needle.n < 8) return pergola_fail(PERGOLA_INVALID, "needle: it is shorter than 8 bytes and could be there by chance");
  const volatile uint8_t *memory = (const uint8_t *)1;
  size_t size = __builtin_wasm_memory_size(0) * 65536 - 1;
  unsigned found = 0;
  for (size_t i = 0; i + needle.n <= size; i++) {
    size_t n = 0;
    while (n < needle.n && (memory[i + n] ^ 1) == needle.at[n]) n++;
    found += n == needle.n;
  }
  return counted(answer, found);
}

static pergola_error size(pergola_value request, pergola_writer *answer) {
  return counted(answer, (unsigned)pergola_as_bin(pergola_field(request, "state")).n);
}

static pergola_error echo_action(pergola_value request, pergola_writer *answer) {
  pergola_add_map(answer, 3);
  pergola_add_text(answer, "title");
  pergola_add_string(answer, param(request, "text"));
  pergola_add_text(answer, "blocks");
  pergola_add_list(answer, 0);
  pergola_add_text(answer, "open_issue");
  pergola_add_string(answer, pergola_as_string(pergola_field(pergola_field(request, "context"), "issue_id")));
  return PERGOLA_OK;
}

static pergola_error echo_choice(pergola_value request, pergola_writer *answer) {
  pergola_add_map(answer, 2);
  pergola_add_text(answer, "choices");
  pergola_add_list(answer, 1);
  pergola_add_map(answer, 2);
  pergola_add_text(answer, "value");
  pergola_add_string(answer, param(request, "field"));
  pergola_add_text(answer, "label");
  pergola_add_string(answer, param(request, "q"));
  pergola_add_text(answer, "more");
  pergola_add_bool(answer, true);
  return PERGOLA_OK;
}

static pergola_error attach(pergola_writer *answer, const char *name, pergola_bytes body) {
  pergola_add_map(answer, 3);
  pergola_add_text(answer, "name");
  pergola_add_text(answer, name);
  pergola_add_text(answer, "content_type");
  pergola_add_text(answer, "text/csv");
  pergola_add_text(answer, "body");
  pergola_add_bin(answer, body);
  return PERGOLA_OK;
}

static pergola_error state(pergola_value request, pergola_writer *answer) {
  return attach(answer, "state.bin", pergola_as_bin(pergola_field(request, "state")));
}

static pergola_error big(pergola_value request, pergola_writer *answer) {
  (void)request;
  uint8_t *body = pergola_alloc(5 << 20);
  memset(body, 'x', 5 << 20);
  return attach(answer, "big.bin", (pergola_bytes){body, 5 << 20});
}

static pergola_error fill(pergola_value request, pergola_writer *answer) {
  unsigned n;
  pergola_error e = number(request, "bytes", &n);
  if (pergola_failed(e)) return e;
  uint8_t *body = pergola_alloc(n);
  memset(body, 0, n);
  return attach(answer, "fill.bin", (pergola_bytes){body, n});
}

static const pergola_named views[] = {
    {"allocate", allocate}, {"ask", ask},   {"ask-both", ask_both}, {"ask-many", ask_many}, {"ask-panic", ask_panic}, {"bomb", bomb},         {"churn", churn},
    {"draw", draw},         {"echo", echo}, {"exit", leave},        {"fail", fail},         {"look", look},           {"obey", obey},         {"panic", defect},
    {"print", print},       {"recurse", recurse},                   {"remember", remember}, {"scan", scan},           {"size", size},         {"sleep", rest},
    {"spin", spin},         {0},
};
static const pergola_named actions[] = {{"echo", echo_action}, {0}};
static const pergola_named files[] = {{"big", big}, {"bytes", state}, {"fill", fill}, {0}};
static const pergola_named suggesters[] = {{"echo", echo_choice}, {0}};
static const pergola_plugin plugin = {.id = "pergola.fixture", .version = "1.2.3", .views = views, .actions = actions, .files = files, .suggesters = suggesters};
PERGOLA_SERVE(plugin)
