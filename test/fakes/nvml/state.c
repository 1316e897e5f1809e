#define _GNU_SOURCE
#include "state.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boards.h"

#define MAGIC 0x6d696731u

static struct state *mapped;
static pthread_mutex_t mapping = PTHREAD_MUTEX_INITIALIZER;

/* The file an environment variable names, else one beside this library. */
static int state_path(char *path, size_t size) {
  const char *named = getenv("MIGRATOR_FAKE_NVML_STATE");
  Dl_info info;
  if (named != NULL) return snprintf(path, size, "%s", named) < (int)size;
  if (!dladdr((void *)state_path, &info) || info.dli_fname == NULL) return 0;
  return snprintf(path, size, "%s.state", info.dli_fname) < (int)size;
}

static void reset(struct state *state, const char *keys, uint32_t mode) {
  char list[256];
  char *rest = NULL;
  snprintf(list, sizeof list, "%s", keys);
  memset(state->gpus, 0, sizeof state->gpus);
  memset(state->clients, 0, sizeof state->clients);
  memset(state->rules, 0, sizeof state->rules);
  memset(state->calls, 0, sizeof state->calls);
  state->gpu_count = 0;
  state->is_denied = 0;
  state->is_passthrough = 0;
  state->ci_device_is_mig = 0;
  for (char *key = strtok_r(list, ",", &rest); key; key = strtok_r(NULL, ",", &rest)) {
    for (uint32_t i = 0; i < BOARD_COUNT; i++) {
      if (strcmp(boards[i].key, key) != 0 || state->gpu_count == GPUS_MAX) continue;
      struct gpu *gpu = &state->gpus[state->gpu_count++];
      gpu->board = i;
      gpu->current_mode = gpu->pending_mode = mode;
    }
  }
}

static void create(struct state *state) {
  pthread_mutexattr_t attributes;
  const char *gpus = getenv("MIGRATOR_FAKE_NVML_GPUS");
  memset(state, 0, sizeof *state);
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&state->mutex, &attributes);
  reset(state, gpus != NULL ? gpus : "a100-40gb", 1);
  state->magic = MAGIC;
}

static struct state *map_state(void) {
  char path[4096];
  if (!state_path(path, sizeof path)) return NULL;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || flock(fd, LOCK_EX) != 0) return NULL;
  struct stat facts;
  struct state *state = MAP_FAILED;
  if (fstat(fd, &facts) == 0 &&
      ((size_t)facts.st_size == sizeof *state || ftruncate(fd, sizeof *state) == 0)) {
    state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  if (state != MAP_FAILED && state->magic != MAGIC) create(state);
  flock(fd, LOCK_UN); /* the mapping keeps the file open, and with it the lock */
  close(fd);
  return state == MAP_FAILED ? NULL : state;
}

struct state *lock_state(void) {
  pthread_mutex_lock(&mapping);
  if (mapped == NULL) mapped = map_state();
  pthread_mutex_unlock(&mapping);
  if (mapped == NULL) return NULL;
  if (pthread_mutex_lock(&mapped->mutex) == EOWNERDEAD) pthread_mutex_consistent(&mapped->mutex);
  return mapped;
}

void unlock_state(struct state *state) { pthread_mutex_unlock(&state->mutex); }

void add_event(struct state *state, struct event event) {
  state->events[state->event_count++ % EVENTS_MAX] = event;
}

static void add_rule(struct state *state, struct rule rule) {
  for (int i = 0; i < RULES_MAX; i++) {
    if (state->rules[i].used) continue;
    state->rules[i] = rule;
    state->rules[i].used = 1;
    return;
  }
}

static void add_client(struct state *state, struct client client) {
  for (int i = 0; i < CLIENTS_MAX; i++) {
    if (state->clients[i].used) continue;
    state->clients[i] = client;
    state->clients[i].used = 1;
    return;
  }
}

static int count_calls(const struct state *state, const char *function) {
  for (int i = 0; i < CALLS_MAX; i++) {
    if (strcmp(state->calls[i].function, function) == 0) return (int)state->calls[i].count;
  }
  return 0;
}

static void remove_client(struct state *state, uint32_t gpu, uint32_t pid, uint32_t lingering) {
  for (int i = 0; i < CLIENTS_MAX; i++) {
    if (state->clients[i].gpu == gpu && state->clients[i].pid == pid) state->clients[i].used = 0;
  }
  state->gpus[gpu].lingering = lingering;
}

/* One command of a test, with the lock held; -1: not understood. */
static int obey(struct state *state, const char *command) {
  char word[NAME_MAX_LENGTH] = "";
  uint32_t gpu, a, b;
  struct client client = {0};
  struct rule rule = {0};
  struct event event = {0};
  long long data, gi, ci, bytes;
  if (sscanf(command, "reset %79s %u", word, &a) == 2) {
    reset(state, word, a);
  } else if (sscanf(command, "client %u %u %lld %lld %u %lld", &client.gpu, &client.pid, &gi, &ci,
                    &client.is_monitor, &bytes) == 6) {
    if (client.gpu >= state->gpu_count) return -1;
    client.gi = (uint32_t)gi;
    client.ci = (uint32_t)ci;
    client.bytes = (uint64_t)bytes;
    add_client(state, client);
  } else if (sscanf(command, "leave %u %u %u", &gpu, &a, &b) == 3) {
    if (gpu >= state->gpu_count) return -1;
    remove_client(state, gpu, a, b);
  } else if (sscanf(command, "lose %u", &gpu) == 1) {
    if (gpu >= state->gpu_count) return -1;
    state->gpus[gpu].lost = 1;
  } else if (sscanf(command, "deny %u", &a) == 1) {
    state->is_denied = a;
  } else if (sscanf(command, "passthrough %u", &a) == 1) {
    state->is_passthrough = a;
  } else if (sscanf(command, "ci-device-is-mig %u", &a) == 1) {
    state->ci_device_is_mig = a;
  } else if (sscanf(command, "rule %79s %d %d %d %d %d", rule.function, &rule.after, &rule.times,
                    &rule.code, &rule.is_done_anyway, &rule.latency_ms) == 6) {
    add_rule(state, rule);
  } else if (strcmp(command, "no-rules") == 0) {
    memset(state->rules, 0, sizeof state->rules);
  } else if (sscanf(command, "xid %u %lld %lld %lld", &gpu, &data, &gi, &ci) == 4) {
    event.gpu = gpu;
    event.type = 0x8;
    event.data = (uint64_t)data;
    event.gi = (uint32_t)gi;
    event.ci = (uint32_t)ci;
    add_event(state, event);
  } else if (sscanf(command, "calls %79s", word) == 1) {
    return count_calls(state, word);
  } else {
    return -1;
  }
  return 0;
}

/* How tests set the scene; no part of NVML. */
int fakeNvmlControl(const char *command) {
  struct state *state = lock_state();
  if (state == NULL || command == NULL) return -1;
  int answer = obey(state, command);
  unlock_state(state);
  return answer;
}
