/*
 * The state of the fake GPUs: plain numbers in a file that every process using the fake maps, so
 * no pointers, and a lock that survives whoever dies holding it.
 */
#ifndef MIGRATOR_FAKE_STATE_H
#define MIGRATOR_FAKE_STATE_H

#include <pthread.h>
#include <stdint.h>

#define NONE 0xffffffffu
#define GPUS_MAX 8
#define GIS_MAX 15 /* ids 0 to 14, numbered by place */
#define CIS_MAX 8
#define CLIENTS_MAX 64
#define RULES_MAX 64
#define EVENTS_MAX 64
#define CALLS_MAX 128
#define NAME_MAX_LENGTH 80

struct compute_instance {
  uint32_t used, profile, start, size, generation;
};

struct gpu_instance {
  uint32_t used, profile, start, size, generation;
  struct compute_instance cis[CIS_MAX];
};

struct gpu {
  uint32_t board, current_mode, pending_mode, lost;
  uint32_t lingering; /* destroys that are still refused though nobody holds anything */
  struct gpu_instance gis[GIS_MAX];
};

struct client {
  uint32_t used, pid, gpu, gi, ci, is_monitor;
  uint64_t bytes;
};

/* A failure or delay of one function ("*": any): after some calls, for some calls (-1: for ever). */
struct rule {
  uint32_t used;
  char function[NAME_MAX_LENGTH];
  int32_t after, times, code, is_done_anyway, latency_ms;
};

struct event {
  uint32_t gpu, gi, ci;
  uint64_t type, data;
};

struct call_count {
  char function[NAME_MAX_LENGTH];
  uint32_t count;
};

struct state {
  uint32_t magic, gpu_count, is_denied, is_passthrough, ci_device_is_mig, generation;
  pthread_mutex_t mutex;
  struct gpu gpus[GPUS_MAX];
  struct client clients[CLIENTS_MAX];
  struct rule rules[RULES_MAX];
  struct event events[EVENTS_MAX];
  uint64_t event_count;
  struct call_count calls[CALLS_MAX];
};

/* The mapped state with its lock held, or null when the file cannot be used. */
struct state *lock_state(void);
void unlock_state(struct state *state);

void add_event(struct state *state, struct event event);

#endif
