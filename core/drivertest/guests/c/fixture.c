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

static pergola_error spin(pergola_value request, pergola_writer *answer) {
  (void)request;
  for (volatile unsigned n = 0;; n++)
    if (answer == NULL) return PERGOLA_OK;
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

static unsigned deeper(unsigned n) {
  if (n == 0) return 0; // never, but that is for the stack to find out
  volatile uint8_t here[64];
  here[n % 64] = (uint8_t)n;
  return deeper(n + 1) + here[n * 7 % 64];
}

static pergola_error recurse(pergola_value request, pergola_writer *answer) {
  (void)request;
  return counted(answer, deeper(1));
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

// Numbers of a generator that the host seeds before each call, and of the host itself.
static uint64_t generator[4];

__attribute__((export_name("pergola_seed"))) void pergola_seed(uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
  generator[0] = a, generator[1] = b, generator[2] = c, generator[3] = d;
}

static pergola_error draw(pergola_value request, pergola_writer *answer) {
  (void)request;
  uint64_t asked;
  if (getentropy(&asked, sizeof asked)) return pergola_fail(PERGOLA_INTERNAL, "there is no randomness");
  char *s = pergola_alloc(128);
  snprintf(s, 128, "%llu %llu %llu %llu", (unsigned long long)generator[0], (unsigned long long)(generator[1] ^ generator[3]),
           (unsigned long long)generator[2], (unsigned long long)asked);
  return titled(answer, pergola_text(s));
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

static const pergola_named views[] = {
    {"allocate", allocate}, {"ask", ask},         {"ask-many", ask_many}, {"draw", draw}, {"echo", echo}, {"exit", leave}, {"fail", fail}, {"look", look}, {"obey", obey},
    {"panic", defect},      {"print", print},     {"recurse", recurse},   {"remember", remember}, {"sleep", rest}, {"spin", spin}, {0},
};
static const pergola_named actions[] = {{"echo", echo_action}, {0}};
static const pergola_named files[] = {{"big", big}, {"bytes", state}, {0}};
static const pergola_plugin plugin = {.id = "pergola.fixture", .version = "1.2.3", .views = views, .actions = actions, .files = files};
PERGOLA_SERVE(plugin)
