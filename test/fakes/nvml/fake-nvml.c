/*
 * A stand-in for libnvidia-ml.so.1 that keeps NVML's rules: it refuses what the driver refuses. For
 * tests only, and ours. It never follows a handle: handles are numbers that name a place and a
 * generation, so a foreign or dead one is refused as the driver refuses it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "boards.h"
#include "nvml-abi.h"
#include "state.h"

/* --- Sessions and calls ------------------------------------------------------------------- */

static int sessions; /* nvmlInit less nvmlShutdown of this process, under the state's lock */

static void sleep_ms(int ms) {
  struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000L};
  nanosleep(&time, NULL);
}

static void count_call(struct state *state, const char *function) {
  for (int i = 0; i < CALLS_MAX; i++) {
    struct call_count *call = &state->calls[i];
    if (call->function[0] == 0) snprintf(call->function, sizeof call->function, "%s", function);
    if (strcmp(call->function, function) != 0) continue;
    call->count++;
    return;
  }
}

static struct rule *rule_for(struct state *state, const char *function) {
  for (int i = 0; i < RULES_MAX; i++) {
    struct rule *rule = &state->rules[i];
    if (!rule->used || rule->times == 0) continue;
    if (strcmp(rule->function, "*") != 0 && strcmp(rule->function, function) != 0) continue;
    if (rule->after > 0) {
      rule->after--;
      continue;
    }
    if (rule->times > 0) rule->times--;
    return rule;
  }
  return NULL;
}

struct call {
  struct state *state;
  nvmlReturn_t code_anyway; /* reported although the call was carried out */
};

static nvmlReturn_t begin_any(struct call *call, const char *function) {
  call->code_anyway = NVML_SUCCESS;
  call->state = lock_state();
  if (call->state == NULL) return NVML_ERROR_UNKNOWN;
  count_call(call->state, function);
  struct rule *rule = rule_for(call->state, function);
  if (rule == NULL) return NVML_SUCCESS;
  nvmlReturn_t code = (nvmlReturn_t)rule->code;
  int is_done_anyway = rule->is_done_anyway, latency_ms = rule->latency_ms;
  if (latency_ms > 0) {
    unlock_state(call->state);
    sleep_ms(latency_ms);
    call->state = lock_state();
  }
  if (code != NVML_SUCCESS && !is_done_anyway) {
    unlock_state(call->state);
    return code;
  }
  call->code_anyway = code;
  return NVML_SUCCESS;
}

static nvmlReturn_t begin(struct call *call, const char *function) {
  nvmlReturn_t early = begin_any(call, function);
  if (early != NVML_SUCCESS) return early;
  if (sessions > 0) return NVML_SUCCESS;
  unlock_state(call->state);
  return NVML_ERROR_UNINITIALIZED;
}

static nvmlReturn_t end(struct call *call, nvmlReturn_t result) {
  unlock_state(call->state);
  return result == NVML_SUCCESS ? call->code_anyway : result;
}

#define BEGIN(name)                         \
  struct call call;                         \
  nvmlReturn_t early = begin(&call, #name); \
  if (early != NVML_SUCCESS) return early;  \
  struct state *state = call.state

#define END(result) return end(&call, result)

/* --- Handles ------------------------------------------------------------------------------ */

enum tag { GPU_TAG = 0x7ab1, GI_TAG, CI_TAG, MIG_TAG, EVENTS_TAG };

struct place {
  uint32_t gpu, gi, ci, generation;
};

/* 15 bits of tag, 20 of generation, 4 each of GPU, GPU instance and compute instance. */
static void *handle_of(enum tag tag, struct place place) {
  uintptr_t low = ((uintptr_t)(place.generation & 0xfffff) << 12) | (place.gpu << 8) |
                  (place.gi << 4) | place.ci;
  return (void *)(((uintptr_t)tag << 32) | low);
}

static int is_tagged(const void *handle, enum tag tag, struct place *place) {
  uintptr_t number = (uintptr_t)handle;
  place->generation = (uint32_t)(number >> 12) & 0xfffff;
  place->gpu = (uint32_t)(number >> 8) & 0xf;
  place->gi = (uint32_t)(number >> 4) & 0xf;
  place->ci = (uint32_t)number & 0xf;
  return number >> 32 == (uintptr_t)tag;
}

static nvmlReturn_t find_gpu(struct state *state, nvmlDevice_t device, struct place *place,
                             struct gpu **gpu) {
  if (!is_tagged(device, GPU_TAG, place) || place->gpu >= state->gpu_count)
    return NVML_ERROR_INVALID_ARGUMENT;
  *gpu = &state->gpus[place->gpu];
  return (*gpu)->lost ? NVML_ERROR_GPU_IS_LOST : NVML_SUCCESS;
}

static nvmlReturn_t find_gi(struct state *state, nvmlGpuInstance_t handle, struct place *place,
                            struct gpu_instance **gi) {
  if (!is_tagged(handle, GI_TAG, place) || place->gpu >= state->gpu_count ||
      place->gi >= GIS_MAX)
    return NVML_ERROR_INVALID_ARGUMENT;
  *gi = &state->gpus[place->gpu].gis[place->gi];
  if (!(*gi)->used || ((*gi)->generation & 0xfffff) != place->generation)
    return NVML_ERROR_INVALID_ARGUMENT;
  return state->gpus[place->gpu].lost ? NVML_ERROR_GPU_IS_LOST : NVML_SUCCESS;
}

static nvmlReturn_t find_ci(struct state *state, const void *handle, enum tag tag,
                            struct place *place, struct compute_instance **ci) {
  if (!is_tagged(handle, tag, place) || place->gpu >= state->gpu_count || place->gi >= GIS_MAX ||
      place->ci >= CIS_MAX)
    return NVML_ERROR_INVALID_ARGUMENT;
  struct gpu_instance *gi = &state->gpus[place->gpu].gis[place->gi];
  *ci = &gi->cis[place->ci];
  if (!gi->used || !(*ci)->used || ((*ci)->generation & 0xfffff) != place->generation)
    return NVML_ERROR_INVALID_ARGUMENT;
  return state->gpus[place->gpu].lost ? NVML_ERROR_GPU_IS_LOST : NVML_SUCCESS;
}

/* --- Geometry ----------------------------------------------------------------------------- */

static const struct board *board_of(const struct gpu *gpu) { return &boards[gpu->board]; }

static const struct profile *profile_by_id(const struct board *board, uint32_t id) {
  for (const struct profile *own = board->profiles; own->name != NULL; own++)
    if (own->id == id) return own;
  return NULL;
}

static const struct profile *profile_by_number(const struct board *board, uint32_t number) {
  for (const struct profile *own = board->profiles; own->name != NULL; own++)
    if (own->number == number) return own;
  return NULL;
}

static const struct profile *profile_of(const struct gpu *gpu, const struct gpu_instance *gi) {
  return profile_by_id(board_of(gpu), gi->profile);
}

static int is_possible(const struct profile *profile, uint32_t start) {
  for (int i = 0; profile->starts[i] >= 0; i++)
    if ((uint32_t)profile->starts[i] == start) return 1;
  return 0;
}

static int overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size) {
  return a < b + b_size && b < a + a_size;
}

static int quarrel_over_media(const struct profile *a, const struct profile *b) {
  if (a->attribute == MEDIA && b->attribute == MEDIA) return 1;
  if (a->attribute == ALL_MEDIA) return b->attribute != NO_MEDIA;
  return b->attribute == ALL_MEDIA && a->attribute != NO_MEDIA;
}

static int fits(const struct gpu *gpu, const struct profile *profile, uint32_t start) {
  uint32_t alike = 0, slices = profile->slices;
  for (uint32_t i = 0; i < GIS_MAX; i++) {
    const struct gpu_instance *gi = &gpu->gis[i];
    if (!gi->used) continue;
    const struct profile *other = profile_of(gpu, gi);
    if (overlap(gi->start, gi->size, start, profile->size)) return 0;
    if (quarrel_over_media(profile, other)) return 0;
    alike += other->id == profile->id;
    slices += other->slices;
  }
  return alike < profile->count && slices <= board_of(gpu)->slices;
}

/* How many placements, now open, a GPU instance there would close. */
static uint32_t closes(const struct gpu *gpu, const struct profile *profile, uint32_t start) {
  uint32_t count = 0;
  for (const struct profile *own = board_of(gpu)->profiles; own->name != NULL; own++)
    for (int i = 0; own->starts[i] >= 0; i++)
      count += fits(gpu, own, own->starts[i]) &&
               overlap(start, profile->size, own->starts[i], own->size);
  return count;
}

/* Where the driver puts one that nobody placed: where it closes the fewest other placements. */
static int driver_start(const struct gpu *gpu, const struct profile *profile) {
  int best = -1;
  uint32_t fewest = NONE;
  for (int i = 0; profile->starts[i] >= 0; i++) {
    if (!fits(gpu, profile, profile->starts[i])) continue;
    uint32_t closed = closes(gpu, profile, profile->starts[i]);
    if (closed >= fewest) continue;
    fewest = closed;
    best = profile->starts[i];
  }
  return best;
}

static const struct compute_profile *compute_profiles_of(uint32_t slices) {
  switch (slices) {
    case 1: return compute_1g;
    case 2: return compute_2g;
    case 3: return compute_3g;
    case 4: return compute_4g;
    default: return compute_7g;
  }
}

static const struct compute_profile *compute_profile(const struct gpu *gpu,
                                                     const struct gpu_instance *gi, uint32_t id) {
  const struct compute_profile *own = compute_profiles_of(profile_of(gpu, gi)->slices);
  for (; own->slices != 0; own++)
    if (own->id == id) return own;
  return NULL;
}

static int compute_fits(const struct gpu_instance *gi, const struct compute_profile *profile,
                        uint32_t start) {
  for (uint32_t i = 0; i < CIS_MAX; i++) {
    const struct compute_instance *ci = &gi->cis[i];
    if (ci->used && overlap(ci->start, ci->size, start, profile->slices)) return 0;
  }
  return 1;
}

/* --- Text --------------------------------------------------------------------------------- */

static nvmlReturn_t put_text(char *out, unsigned int length, const char *text) {
  if (out == NULL) return NVML_ERROR_INVALID_ARGUMENT;
  if (strlen(text) >= length) return NVML_ERROR_INSUFFICIENT_SIZE;
  strcpy(out, text);
  return NVML_SUCCESS;
}

static uint64_t fnv(const char *text, uint64_t hash) {
  for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
  return hash;
}

/* The same place gives the same uuid again, as the driver's version 5 UUIDs do. */
static void print_uuid(char *out, size_t size, const char *prefix, int version,
                       const char *name) {
  uint64_t a = fnv(name, 0xcbf29ce484222325ULL), b = fnv(name, a);
  snprintf(out, size, "%s-%08x-%04x-%d%03x-a%03x-%012llx", prefix, (unsigned)(a >> 32),
           (unsigned)(a >> 16) & 0xffff, version, (unsigned)a & 0xfff, (unsigned)(b >> 48) & 0xfff,
           (unsigned long long)b & 0xffffffffffffULL);
}

static void gpu_uuid(const struct gpu *gpu, uint32_t index, char *out, size_t size) {
  char name[64];
  snprintf(name, sizeof name, "%s/%u", board_of(gpu)->key, index);
  print_uuid(out, size, "GPU", 4, name);
}

static void mig_uuid(const struct gpu *gpu, struct place place, char *out, size_t size) {
  char name[64];
  snprintf(name, sizeof name, "%s/%u/%u/%u", board_of(gpu)->key, place.gpu, place.gi, place.ci);
  print_uuid(out, size, "MIG", 5, name);
}

static void bus_id(uint32_t index, char *out, size_t size) {
  snprintf(out, size, "00000000:%02X:00.0", 0x10 + index);
}

const char *nvmlErrorString(nvmlReturn_t result) {
  switch ((int)result) {
    case 0: return "Success";
    case 1: return "Uninitialized";
    case 2: return "Invalid Argument";
    case 3: return "Not Supported";
    case 4: return "Insufficient Permissions";
    case 6: return "Not Found";
    case 7: return "Insufficient Size";
    case 10: return "Timeout";
    case 15: return "GPU is lost";
    case 16: return "GPU requires reset";
    case 19: return "In use by another client";
    case 20: return "Insufficient Memory";
    case 23: return "Insufficient Resources";
    case 25: return "Argument version mismatch";
    default: return "Unknown Error";
  }
}

/* --- The session and the system ------------------------------------------------------------ */

static nvmlReturn_t open_session(void) {
  struct call call;
  nvmlReturn_t early = begin_any(&call, "nvmlInit_v2");
  if (early != NVML_SUCCESS) return early;
  sessions++;
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlInit_v2(void) { return open_session(); }
nvmlReturn_t nvmlInit(void) { return open_session(); }
nvmlReturn_t nvmlInitWithFlags(unsigned int flags) {
  (void)flags;
  return open_session();
}

nvmlReturn_t nvmlShutdown(void) {
  BEGIN(nvmlShutdown);
  (void)state;
  sessions--;
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length) {
  BEGIN(nvmlSystemGetDriverVersion);
  (void)state;
  END(put_text(version, length, "000.00.fake"));
}

nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned int length) {
  return put_text(version, length, "12.000.00.fake");
}

nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version) {
  if (version == NULL) return NVML_ERROR_INVALID_ARGUMENT;
  *version = 12040;
  return NVML_SUCCESS;
}

nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *version) {
  return nvmlSystemGetCudaDriverVersion_v2(version);
}

/* --- GPUs ----------------------------------------------------------------------------------- */

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count) {
  BEGIN(nvmlDeviceGetCount_v2);
  if (count == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  *count = state->gpu_count;
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
  BEGIN(nvmlDeviceGetHandleByIndex_v2);
  if (device == NULL || index >= state->gpu_count) END(NVML_ERROR_INVALID_ARGUMENT);
  if (state->gpus[index].lost) END(NVML_ERROR_GPU_IS_LOST);
  *device = handle_of(GPU_TAG, (struct place){index, 0, 0, 0});
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device) {
  BEGIN(nvmlDeviceGetHandleByUUID);
  char own[96];
  if (uuid == NULL || device == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  for (uint32_t i = 0; i < state->gpu_count; i++) {
    gpu_uuid(&state->gpus[i], i, own, sizeof own);
    if (strcmp(own, uuid) != 0) continue;
    if (state->gpus[i].lost) END(NVML_ERROR_GPU_IS_LOST);
    *device = handle_of(GPU_TAG, (struct place){i, 0, 0, 0});
    END(NVML_SUCCESS);
  }
  END(NVML_ERROR_NOT_FOUND);
}

nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *bus, nvmlDevice_t *device) {
  BEGIN(nvmlDeviceGetHandleByPciBusId_v2);
  char own[32];
  if (bus == NULL || device == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  for (uint32_t i = 0; i < state->gpu_count; i++) {
    bus_id(i, own, sizeof own);
    if (strcmp(own, bus) != 0) continue;
    if (state->gpus[i].lost) END(NVML_ERROR_GPU_IS_LOST);
    *device = handle_of(GPU_TAG, (struct place){i, 0, 0, 0});
    END(NVML_SUCCESS);
  }
  END(NVML_ERROR_NOT_FOUND);
}

#define WITH_GPU                                                  \
  struct place place;                                             \
  struct gpu *gpu;                                                \
  nvmlReturn_t found = find_gpu(state, device, &place, &gpu);     \
  if (found != NVML_SUCCESS) END(found)

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length) {
  BEGIN(nvmlDeviceGetName);
  struct compute_instance *ci;
  struct place mig;
  if (find_ci(state, device, MIG_TAG, &mig, &ci) == NVML_SUCCESS) {
    const struct gpu *owner = &state->gpus[mig.gpu];
    END(put_text(name, length, profile_of(owner, &owner->gis[mig.gi])->name));
  }
  WITH_GPU;
  END(put_text(name, length, board_of(gpu)->name));
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length) {
  BEGIN(nvmlDeviceGetUUID);
  struct compute_instance *ci;
  struct place mig;
  char text[96];
  if (find_ci(state, device, MIG_TAG, &mig, &ci) == NVML_SUCCESS) {
    mig_uuid(&state->gpus[mig.gpu], mig, text, sizeof text);
    END(put_text(uuid, length, text));
  }
  WITH_GPU;
  gpu_uuid(gpu, place.gpu, text, sizeof text);
  END(put_text(uuid, length, text));
}

nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned int *index) {
  BEGIN(nvmlDeviceGetIndex);
  WITH_GPU;
  (void)gpu;
  if (index == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  *index = place.gpu;
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned int *minor) {
  BEGIN(nvmlDeviceGetMinorNumber);
  WITH_GPU;
  (void)gpu;
  if (minor == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  *minor = place.gpu;
  END(NVML_SUCCESS);
}

static nvmlReturn_t pci_info(const char *function, nvmlDevice_t device, nvmlPciInfo_t *pci) {
  struct call call;
  nvmlReturn_t early = begin(&call, function);
  if (early != NVML_SUCCESS) return early;
  struct state *state = call.state;
  WITH_GPU;
  if (pci == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  memset(pci, 0, sizeof *pci);
  pci->bus = 0x10 + place.gpu;
  pci->pciDeviceId = board_of(gpu)->pci_device;
  bus_id(place.gpu, pci->busId, sizeof pci->busId);
  snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "%s", pci->busId + 4);
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci) {
  return pci_info("nvmlDeviceGetPciInfo_v3", device, pci);
}

static uint64_t bytes_used(const struct state *state, uint32_t gpu) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < CLIENTS_MAX; i++)
    if (state->clients[i].used && state->clients[i].gpu == gpu) bytes += state->clients[i].bytes;
  return bytes;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
  BEGIN(nvmlDeviceGetMemoryInfo);
  WITH_GPU;
  if (memory == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  memory->total = (unsigned long long)board_of(gpu)->mib << 20;
  memory->used = bytes_used(state, place.gpu);
  memory->free = memory->total - memory->used;
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory) {
  BEGIN(nvmlDeviceGetMemoryInfo_v2);
  WITH_GPU;
  if (memory == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  if (memory->version != (sizeof *memory | 2u << 24)) END(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
  memory->total = (unsigned long long)board_of(gpu)->mib << 20;
  memory->reserved = 0;
  memory->used = bytes_used(state, place.gpu);
  memory->free = memory->total - memory->used;
  END(NVML_SUCCESS);
}

/* --- MIG mode ------------------------------------------------------------------------------- */

#define PRIVILEGED \
  if (state->is_denied) END(NVML_ERROR_NO_PERMISSION)

static int has_clients(const struct state *state, uint32_t gpu, uint32_t gi, uint32_t ci) {
  for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
    const struct client *client = &state->clients[i];
    if (!client->used || client->gpu != gpu) continue;
    if ((gi == NONE || client->gi == gi) && (ci == NONE || client->ci == ci)) return 1;
  }
  return 0;
}

static int has_instances(const struct gpu *gpu) {
  for (uint32_t i = 0; i < GIS_MAX; i++)
    if (gpu->gis[i].used) return 1;
  return 0;
}

static void tell_change(struct state *state, uint32_t gpu) {
  add_event(state, (struct event){gpu, NONE, NONE, nvmlEventMigConfigChange, 0});
}

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *current,
                                  unsigned int *pending) {
  BEGIN(nvmlDeviceGetMigMode);
  WITH_GPU;
  if (current == NULL || pending == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  *current = gpu->current_mode;
  *pending = gpu->pending_mode;
  END(NVML_SUCCESS);
}

/* Success with a failing activation status is how the driver says that the GPU is busy. */
nvmlReturn_t nvmlDeviceSetMigMode(nvmlDevice_t device, unsigned int mode,
                                  nvmlReturn_t *activation) {
  BEGIN(nvmlDeviceSetMigMode);
  WITH_GPU;
  if (activation == NULL || mode > 1) END(NVML_ERROR_INVALID_ARGUMENT);
  PRIVILEGED;
  *activation = NVML_SUCCESS;
  gpu->pending_mode = mode;
  if (gpu->current_mode == mode) END(NVML_SUCCESS);
  if (has_instances(gpu) || has_clients(state, place.gpu, NONE, NONE)) {
    *activation = NVML_ERROR_IN_USE;
  } else if (state->is_passthrough && board_of(gpu)->resets_for_mode) {
    *activation = NVML_ERROR_RESET_REQUIRED;
  } else {
    gpu->current_mode = mode;
    tell_change(state, place.gpu);
  }
  END(NVML_SUCCESS);
}

/* --- GPU instances -------------------------------------------------------------------------- */

#ifdef FAKE_NVML_OLD
#define PROFILE_NUMBERS 10u /* as in the 525 branch */
#else
#define PROFILE_NUMBERS 18u
#endif

#define NEEDS_MIG \
  if (!gpu->current_mode) END(NVML_ERROR_NOT_SUPPORTED)

nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfo(nvmlDevice_t device, unsigned int number,
                                                 nvmlGpuInstanceProfileInfo_t *info) {
  BEGIN(nvmlDeviceGetGpuInstanceProfileInfo);
  WITH_GPU;
  if (info == NULL || number >= PROFILE_NUMBERS) END(NVML_ERROR_INVALID_ARGUMENT);
  const struct profile *own = profile_by_number(board_of(gpu), number);
  if (own == NULL) END(NVML_ERROR_NOT_SUPPORTED);
  memset(info, 0, sizeof *info);
  info->id = own->id;
  info->sliceCount = own->slices;
  info->instanceCount = own->count;
  info->multiprocessorCount = own->sm;
  info->copyEngineCount = own->ce;
  info->decoderCount = own->dec;
  info->encoderCount = own->enc;
  info->jpegCount = own->jpeg;
  info->ofaCount = own->ofa;
  info->memorySizeMB = own->mib;
  END(NVML_SUCCESS);
}

#ifndef FAKE_NVML_OLD

static void fill_v2(nvmlGpuInstanceProfileInfo_v2_t *info, const struct profile *own) {
  info->id = own->id;
  info->isP2pSupported = 0;
  info->sliceCount = own->slices;
  info->instanceCount = own->count;
  info->multiprocessorCount = own->sm;
  info->copyEngineCount = own->ce;
  info->decoderCount = own->dec;
  info->encoderCount = own->enc;
  info->jpegCount = own->jpeg;
  info->ofaCount = own->ofa;
  info->memorySizeMB = own->mib;
  snprintf(info->name, sizeof info->name, "%s", own->name);
}

static void fill_v3(GpuInstanceProfileInfoV3 *info, const struct profile *own) {
  info->id = own->id;
  info->sliceCount = own->slices;
  info->instanceCount = own->count;
  info->multiprocessorCount = own->sm;
  info->copyEngineCount = own->ce;
  info->decoderCount = own->dec;
  info->encoderCount = own->enc;
  info->jpegCount = own->jpeg;
  info->ofaCount = own->ofa;
  info->memorySizeMB = own->mib;
  snprintf(info->name, sizeof info->name, "%s", own->name);
  info->capabilities = own->attribute == GRAPHICS ? 2 : 0;
}

nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfoV(nvmlDevice_t device, unsigned int number,
                                                  nvmlGpuInstanceProfileInfo_v2_t *info) {
  BEGIN(nvmlDeviceGetGpuInstanceProfileInfoV);
  WITH_GPU;
  if (info == NULL || number >= PROFILE_NUMBERS) END(NVML_ERROR_INVALID_ARGUMENT);
  int is_v2 = info->version == (sizeof(nvmlGpuInstanceProfileInfo_v2_t) | 2u << 24);
  int is_v3 = info->version == (sizeof(GpuInstanceProfileInfoV3) | 3u << 24);
  if (!is_v2 && !is_v3) END(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
  NEEDS_MIG;
  const struct profile *own = profile_by_number(board_of(gpu), number);
  if (own == NULL) END(NVML_ERROR_NOT_SUPPORTED);
  if (is_v2)
    fill_v2(info, own);
  else
    fill_v3((GpuInstanceProfileInfoV3 *)info, own);
  END(NVML_SUCCESS);
}

#endif

nvmlReturn_t nvmlDeviceGetGpuInstancePossiblePlacements_v2(nvmlDevice_t device, unsigned int id,
                                                           nvmlGpuInstancePlacement_t *placements,
                                                           unsigned int *count) {
  BEGIN(nvmlDeviceGetGpuInstancePossiblePlacements_v2);
  WITH_GPU;
  const struct profile *own = profile_by_id(board_of(gpu), id);
  if (count == NULL || own == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  PRIVILEGED;
  for (*count = 0; own->starts[*count] >= 0; ++*count) {
    if (placements == NULL) continue;
    placements[*count].start = own->starts[*count];
    placements[*count].size = own->size;
  }
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetGpuInstanceRemainingCapacity(nvmlDevice_t device, unsigned int id,
                                                       unsigned int *count) {
  BEGIN(nvmlDeviceGetGpuInstanceRemainingCapacity);
  WITH_GPU;
  const struct profile *own = profile_by_id(board_of(gpu), id);
  if (count == NULL || own == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  PRIVILEGED;
  NEEDS_MIG;
  struct gpu trial = *gpu;
  *count = 0;
  for (int i = 0; own->starts[i] >= 0; i++) {
    if (!fits(&trial, own, own->starts[i])) continue;
    for (uint32_t free = 0; free < GIS_MAX; free++) {
      if (trial.gis[free].used) continue;
      trial.gis[free] = (struct gpu_instance){.used = 1, .profile = id, .size = own->size};
      trial.gis[free].start = own->starts[i];
      break;
    }
    ++*count;
  }
  END(NVML_SUCCESS);
}

static nvmlReturn_t create_gi(struct state *state, struct place place, const struct profile *own,
                              uint32_t start, nvmlGpuInstance_t *handle) {
  struct gpu *gpu = &state->gpus[place.gpu];
  if (!fits(gpu, own, start)) return NVML_ERROR_INSUFFICIENT_RESOURCES;
  if (!has_instances(gpu) && has_clients(state, place.gpu, NONE, NONE)) return NVML_ERROR_IN_USE;
  place.gi = board_of(gpu)->grid / own->size - 1 + start / own->size;
  place.generation = ++state->generation & 0xfffff;
  struct gpu_instance *gi = &gpu->gis[place.gi];
  *gi = (struct gpu_instance){.used = 1, .profile = own->id, .start = start, .size = own->size};
  gi->generation = place.generation;
  *handle = handle_of(GI_TAG, place);
  tell_change(state, place.gpu);
  return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceCreateGpuInstance(nvmlDevice_t device, unsigned int id,
                                         nvmlGpuInstance_t *handle) {
  BEGIN(nvmlDeviceCreateGpuInstance);
  WITH_GPU;
  if (handle == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  PRIVILEGED;
  NEEDS_MIG;
  const struct profile *own = profile_by_id(board_of(gpu), id);
  if (own == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  int start = driver_start(gpu, own);
  if (start < 0) END(NVML_ERROR_INSUFFICIENT_RESOURCES);
  END(create_gi(state, place, own, start, handle));
}

nvmlReturn_t nvmlDeviceCreateGpuInstanceWithPlacement(nvmlDevice_t device, unsigned int id,
                                                      const nvmlGpuInstancePlacement_t *wanted,
                                                      nvmlGpuInstance_t *handle) {
  BEGIN(nvmlDeviceCreateGpuInstanceWithPlacement);
  WITH_GPU;
  if (handle == NULL || wanted == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  PRIVILEGED;
  NEEDS_MIG;
  const struct profile *own = profile_by_id(board_of(gpu), id);
  if (own == NULL || wanted->size != own->size || !is_possible(own, wanted->start))
    END(NVML_ERROR_INVALID_ARGUMENT);
  END(create_gi(state, place, own, wanted->start, handle));
}

#define WITH_GI                                                   \
  struct place place;                                             \
  struct gpu_instance *gi;                                        \
  nvmlReturn_t found = find_gi(state, instance, &place, &gi);     \
  if (found != NVML_SUCCESS) END(found);                          \
  struct gpu *gpu = &state->gpus[place.gpu]

nvmlReturn_t nvmlGpuInstanceDestroy(nvmlGpuInstance_t instance) {
  BEGIN(nvmlGpuInstanceDestroy);
  WITH_GI;
  PRIVILEGED;
  for (uint32_t i = 0; i < CIS_MAX; i++)
    if (gi->cis[i].used) END(NVML_ERROR_IN_USE);
  if (has_clients(state, place.gpu, place.gi, NONE)) END(NVML_ERROR_IN_USE);
  if (gpu->lingering > 0) {
    gpu->lingering--;
    END(NVML_ERROR_IN_USE);
  }
  gi->used = 0;
  tell_change(state, place.gpu);
  END(NVML_SUCCESS);
}

/* `count` only tells how many were written: the caller has to bring room enough. */
nvmlReturn_t nvmlDeviceGetGpuInstances(nvmlDevice_t device, unsigned int id,
                                       nvmlGpuInstance_t *handles, unsigned int *count) {
  BEGIN(nvmlDeviceGetGpuInstances);
  WITH_GPU;
  if (handles == NULL || count == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  if (profile_by_id(board_of(gpu), id) == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  PRIVILEGED;
  NEEDS_MIG;
  *count = 0;
  for (uint32_t i = 0; i < GIS_MAX; i++) {
    if (!gpu->gis[i].used || gpu->gis[i].profile != id) continue;
    place.gi = i;
    place.generation = gpu->gis[i].generation;
    handles[(*count)++] = handle_of(GI_TAG, place);
  }
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetGpuInstanceById(nvmlDevice_t device, unsigned int id,
                                          nvmlGpuInstance_t *handle) {
  BEGIN(nvmlDeviceGetGpuInstanceById);
  WITH_GPU;
  if (handle == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  PRIVILEGED;
  NEEDS_MIG;
  if (id >= GIS_MAX || !gpu->gis[id].used) END(NVML_ERROR_NOT_FOUND);
  place.gi = id;
  place.generation = gpu->gis[id].generation;
  *handle = handle_of(GI_TAG, place);
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlGpuInstanceGetInfo(nvmlGpuInstance_t instance, nvmlGpuInstanceInfo_t *info) {
  BEGIN(nvmlGpuInstanceGetInfo);
  WITH_GI;
  (void)gpu;
  if (info == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  info->device = handle_of(GPU_TAG, (struct place){place.gpu, 0, 0, 0});
  info->id = place.gi;
  info->profileId = gi->profile;
  info->placement.start = gi->start;
  info->placement.size = gi->size;
  END(NVML_SUCCESS);
}

/* --- Compute instances ---------------------------------------------------------------------- */

struct compute_facts {
  const struct compute_profile *compute;
  const struct profile *gpu_profile;
  uint32_t count, sm;
  char name[96];
};

static nvmlReturn_t compute_facts(const struct gpu *gpu, const struct gpu_instance *gi,
                                  unsigned int number, unsigned int engine,
                                  struct compute_facts *facts) {
  if (number > 8 || engine > 0) return NVML_ERROR_INVALID_ARGUMENT;
  facts->compute = compute_profile(gpu, gi, number);
  if (facts->compute == NULL) return NVML_ERROR_NOT_SUPPORTED;
  facts->gpu_profile = profile_of(gpu, gi);
  for (facts->count = 0; facts->compute->starts[facts->count] >= 0;) facts->count++;
  facts->sm = facts->gpu_profile->sm * facts->compute->slices / facts->gpu_profile->slices;
  const char *base = facts->gpu_profile->name + strlen("MIG ");
  if (facts->compute->slices == facts->gpu_profile->slices)
    snprintf(facts->name, sizeof facts->name, "MIG %s", base);
  else
    snprintf(facts->name, sizeof facts->name, "MIG %uc.%s", facts->compute->slices, base);
  return NVML_SUCCESS;
}

nvmlReturn_t nvmlGpuInstanceGetComputeInstanceProfileInfo(nvmlGpuInstance_t instance,
                                                          unsigned int number, unsigned int engine,
                                                          nvmlComputeInstanceProfileInfo_t *info) {
  BEGIN(nvmlGpuInstanceGetComputeInstanceProfileInfo);
  WITH_GI;
  struct compute_facts facts;
  if (info == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  nvmlReturn_t known = compute_facts(gpu, gi, number, engine, &facts);
  if (known != NVML_SUCCESS) END(known);
  info->id = facts.compute->id;
  info->sliceCount = facts.compute->slices;
  info->instanceCount = facts.count;
  info->multiprocessorCount = facts.sm;
  info->sharedCopyEngineCount = facts.gpu_profile->ce;
  info->sharedDecoderCount = facts.gpu_profile->dec;
  info->sharedEncoderCount = facts.gpu_profile->enc;
  info->sharedJpegCount = facts.gpu_profile->jpeg;
  info->sharedOfaCount = facts.gpu_profile->ofa;
  END(NVML_SUCCESS);
}

#ifndef FAKE_NVML_OLD

nvmlReturn_t nvmlGpuInstanceGetComputeInstanceProfileInfoV(
    nvmlGpuInstance_t instance, unsigned int number, unsigned int engine,
    nvmlComputeInstanceProfileInfo_v2_t *info) {
  BEGIN(nvmlGpuInstanceGetComputeInstanceProfileInfoV);
  WITH_GI;
  struct compute_facts facts;
  if (info == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  int is_v2 = info->version == (sizeof(nvmlComputeInstanceProfileInfo_v2_t) | 2u << 24);
  int is_v3 = info->version == (sizeof(ComputeInstanceProfileInfoV3) | 3u << 24);
  if (!is_v2 && !is_v3) END(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
  nvmlReturn_t known = compute_facts(gpu, gi, number, engine, &facts);
  if (known != NVML_SUCCESS) END(known);
  info->id = facts.compute->id;
  info->sliceCount = facts.compute->slices;
  info->instanceCount = facts.count;
  info->multiprocessorCount = facts.sm;
  info->sharedCopyEngineCount = facts.gpu_profile->ce;
  info->sharedDecoderCount = facts.gpu_profile->dec;
  info->sharedEncoderCount = facts.gpu_profile->enc;
  info->sharedJpegCount = facts.gpu_profile->jpeg;
  info->sharedOfaCount = facts.gpu_profile->ofa;
  snprintf(info->name, sizeof info->name, "%s", facts.name);
  if (is_v3) ((ComputeInstanceProfileInfoV3 *)info)->capabilities = 0;
  END(NVML_SUCCESS);
}

#endif

nvmlReturn_t nvmlGpuInstanceGetComputeInstancePossiblePlacements(
    nvmlGpuInstance_t instance, unsigned int id, nvmlComputeInstancePlacement_t *placements,
    unsigned int *count) {
  BEGIN(nvmlGpuInstanceGetComputeInstancePossiblePlacements);
  WITH_GI;
  const struct compute_profile *own = compute_profile(gpu, gi, id);
  if (count == NULL || own == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  for (*count = 0; own->starts[*count] >= 0; ++*count) {
    if (placements == NULL) continue;
    placements[*count].start = own->starts[*count];
    placements[*count].size = own->slices;
  }
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlGpuInstanceGetComputeInstanceRemainingCapacity(nvmlGpuInstance_t instance,
                                                                unsigned int id,
                                                                unsigned int *count) {
  BEGIN(nvmlGpuInstanceGetComputeInstanceRemainingCapacity);
  WITH_GI;
  const struct compute_profile *own = compute_profile(gpu, gi, id);
  if (count == NULL || own == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  *count = 0;
  for (int i = 0; own->starts[i] >= 0; i++) *count += compute_fits(gi, own, own->starts[i]);
  END(NVML_SUCCESS);
}

static nvmlReturn_t create_ci(struct state *state, struct place place,
                              const struct compute_profile *own, uint32_t start,
                              nvmlComputeInstance_t *handle) {
  struct gpu_instance *gi = &state->gpus[place.gpu].gis[place.gi];
  if (!compute_fits(gi, own, start)) return NVML_ERROR_INSUFFICIENT_RESOURCES;
  for (place.ci = 0; gi->cis[place.ci].used;) place.ci++;
  place.generation = ++state->generation & 0xfffff;
  gi->cis[place.ci] = (struct compute_instance){1, own->id, start, own->slices, place.generation};
  *handle = handle_of(CI_TAG, place);
  tell_change(state, place.gpu);
  return NVML_SUCCESS;
}

nvmlReturn_t nvmlGpuInstanceCreateComputeInstance(nvmlGpuInstance_t instance, unsigned int id,
                                                  nvmlComputeInstance_t *handle) {
  BEGIN(nvmlGpuInstanceCreateComputeInstance);
  WITH_GI;
  PRIVILEGED;
  const struct compute_profile *own = compute_profile(gpu, gi, id);
  if (handle == NULL || own == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  for (int i = 0; own->starts[i] >= 0; i++)
    if (compute_fits(gi, own, own->starts[i]))
      END(create_ci(state, place, own, own->starts[i], handle));
  END(NVML_ERROR_INSUFFICIENT_RESOURCES);
}

nvmlReturn_t nvmlGpuInstanceCreateComputeInstanceWithPlacement(
    nvmlGpuInstance_t instance, unsigned int id, const nvmlComputeInstancePlacement_t *wanted,
    nvmlComputeInstance_t *handle) {
  BEGIN(nvmlGpuInstanceCreateComputeInstanceWithPlacement);
  WITH_GI;
  PRIVILEGED;
  const struct compute_profile *own = compute_profile(gpu, gi, id);
  if (handle == NULL || wanted == NULL || own == NULL || wanted->size != own->slices)
    END(NVML_ERROR_INVALID_ARGUMENT);
  for (int i = 0; own->starts[i] >= 0; i++)
    if ((uint32_t)own->starts[i] == wanted->start)
      END(create_ci(state, place, own, wanted->start, handle));
  END(NVML_ERROR_INVALID_ARGUMENT);
}

nvmlReturn_t nvmlComputeInstanceDestroy(nvmlComputeInstance_t instance) {
  BEGIN(nvmlComputeInstanceDestroy);
  struct place place;
  struct compute_instance *ci;
  nvmlReturn_t found = find_ci(state, instance, CI_TAG, &place, &ci);
  if (found != NVML_SUCCESS) END(found);
  PRIVILEGED;
  if (has_clients(state, place.gpu, place.gi, place.ci)) END(NVML_ERROR_IN_USE);
  ci->used = 0;
  tell_change(state, place.gpu);
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlGpuInstanceGetComputeInstances(nvmlGpuInstance_t instance, unsigned int id,
                                                nvmlComputeInstance_t *handles,
                                                unsigned int *count) {
  BEGIN(nvmlGpuInstanceGetComputeInstances);
  WITH_GI;
  (void)gpu;
  /* nvidia-smi asks for every known profile, whether or not this GPU instance can have it. */
  if (handles == NULL || count == NULL || id > 8) END(NVML_ERROR_INVALID_ARGUMENT);
  PRIVILEGED;
  *count = 0;
  for (uint32_t i = 0; i < CIS_MAX; i++) {
    if (!gi->cis[i].used || gi->cis[i].profile != id) continue;
    place.ci = i;
    place.generation = gi->cis[i].generation;
    handles[(*count)++] = handle_of(CI_TAG, place);
  }
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlGpuInstanceGetComputeInstanceById(nvmlGpuInstance_t instance, unsigned int id,
                                                   nvmlComputeInstance_t *handle) {
  BEGIN(nvmlGpuInstanceGetComputeInstanceById);
  WITH_GI;
  (void)gpu;
  if (handle == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  PRIVILEGED;
  if (id >= CIS_MAX || !gi->cis[id].used) END(NVML_ERROR_NOT_FOUND);
  place.ci = id;
  place.generation = gi->cis[id].generation;
  *handle = handle_of(CI_TAG, place);
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlComputeInstanceGetInfo_v2(nvmlComputeInstance_t instance,
                                           nvmlComputeInstanceInfo_t *info) {
  BEGIN(nvmlComputeInstanceGetInfo_v2);
  struct place place;
  struct compute_instance *ci;
  nvmlReturn_t found = find_ci(state, instance, CI_TAG, &place, &ci);
  if (found != NVML_SUCCESS) END(found);
  if (info == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  struct place owner = {place.gpu, place.gi, 0, state->gpus[place.gpu].gis[place.gi].generation};
  struct place whole = {place.gpu, 0, 0, 0};
  /* NVIDIA's header says the parent GPU, and nvidia-smi takes it so; others found a MIG device. */
  info->device = state->ci_device_is_mig ? handle_of(MIG_TAG, place) : handle_of(GPU_TAG, whole);
  info->gpuInstance = handle_of(GI_TAG, owner);
  info->id = place.ci;
  info->profileId = ci->profile;
  info->placement.start = ci->start;
  info->placement.size = ci->size;
  END(NVML_SUCCESS);
}

/* --- MIG devices ---------------------------------------------------------------------------- */

nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned int *is_mig) {
  BEGIN(nvmlDeviceIsMigDeviceHandle);
  struct place place;
  struct compute_instance *ci;
  if (is_mig == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  *is_mig = find_ci(state, device, MIG_TAG, &place, &ci) == NVML_SUCCESS;
  END(NVML_SUCCESS);
}

#define WITH_MIG                                                          \
  struct place place;                                                     \
  struct compute_instance *ci;                                            \
  nvmlReturn_t found = find_ci(state, device, MIG_TAG, &place, &ci);      \
  if (found != NVML_SUCCESS) END(found)

nvmlReturn_t nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned int *id) {
  BEGIN(nvmlDeviceGetGpuInstanceId);
  WITH_MIG;
  if (id == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  *id = place.gi;
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetComputeInstanceId(nvmlDevice_t device, unsigned int *id) {
  BEGIN(nvmlDeviceGetComputeInstanceId);
  WITH_MIG;
  if (id == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  *id = place.ci;
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t device,
                                                          nvmlDevice_t *parent) {
  BEGIN(nvmlDeviceGetDeviceHandleFromMigDeviceHandle);
  WITH_MIG;
  if (parent == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  *parent = handle_of(GPU_TAG, (struct place){place.gpu, 0, 0, 0});
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned int *count) {
  BEGIN(nvmlDeviceGetMaxMigDeviceCount);
  WITH_GPU;
  if (count == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  *count = board_of(gpu)->slices;
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned int index,
                                                 nvmlDevice_t *handle) {
  BEGIN(nvmlDeviceGetMigDeviceHandleByIndex);
  WITH_GPU;
  if (handle == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  for (uint32_t i = 0; i < GIS_MAX * CIS_MAX; i++) {
    const struct gpu_instance *gi = &gpu->gis[i / CIS_MAX];
    const struct compute_instance *ci = &gi->cis[i % CIS_MAX];
    if (!gi->used || !ci->used || index-- > 0) continue;
    place.gi = i / CIS_MAX;
    place.ci = i % CIS_MAX;
    place.generation = ci->generation;
    *handle = handle_of(MIG_TAG, place);
    END(NVML_SUCCESS);
  }
  END(NVML_ERROR_NOT_FOUND);
}

nvmlReturn_t nvmlDeviceGetAttributes_v2(nvmlDevice_t device, nvmlDeviceAttributes_t *attributes) {
  BEGIN(nvmlDeviceGetAttributes_v2);
  WITH_MIG;
  if (attributes == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  const struct gpu *gpu = &state->gpus[place.gpu];
  const struct profile *own = profile_of(gpu, &gpu->gis[place.gi]);
  attributes->multiprocessorCount = own->sm * ci->size / own->slices;
  attributes->sharedCopyEngineCount = own->ce;
  attributes->sharedDecoderCount = own->dec;
  attributes->sharedEncoderCount = own->enc;
  attributes->sharedJpegCount = own->jpeg;
  attributes->sharedOfaCount = own->ofa;
  attributes->gpuInstanceSliceCount = own->slices;
  attributes->computeInstanceSliceCount = ci->size;
  attributes->memorySizeMB = own->mib;
  END(NVML_SUCCESS);
}

/* --- Processes ------------------------------------------------------------------------------ */

/* Of a GPU all, of a MIG device its own; too little room is told with the number there are. */
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int *count,
                                                     nvmlProcessInfo_t *infos) {
  BEGIN(nvmlDeviceGetComputeRunningProcesses_v3);
  struct place place;
  struct compute_instance *ci;
  struct gpu *gpu;
  if (count == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  int is_mig = find_ci(state, device, MIG_TAG, &place, &ci) == NVML_SUCCESS;
  nvmlReturn_t found = is_mig ? NVML_SUCCESS : find_gpu(state, device, &place, &gpu);
  if (found != NVML_SUCCESS) END(found);
  uint32_t room = infos == NULL ? 0 : *count, there = 0;
  for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
    const struct client *client = &state->clients[i];
    if (!client->used || client->is_monitor || client->gpu != place.gpu) continue;
    if (is_mig && (client->gi != place.gi || client->ci != place.ci)) continue;
    if (there++ >= room) continue;
    infos[there - 1].pid = client->pid;
    infos[there - 1].usedGpuMemory = client->bytes;
    infos[there - 1].gpuInstanceId = client->gi;
    infos[there - 1].computeInstanceId = client->ci;
  }
  *count = there;
  END(there > room ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice_t device, unsigned int *count,
                                                      nvmlProcessInfo_t *infos) {
  (void)device;
  (void)infos;
  if (count == NULL) return NVML_ERROR_INVALID_ARGUMENT;
  *count = 0;
  return NVML_SUCCESS;
}

/* --- Events --------------------------------------------------------------------------------- */

#define SETS_MAX 32

static struct event_set {
  int used;
  uint64_t seen;
  uint64_t types[GPUS_MAX];
  uint32_t generation;
} sets[SETS_MAX]; /* of this process, under the state's lock */

static struct event_set *find_set(nvmlEventSet_t handle) {
  struct place place;
  uint32_t index;
  if (!is_tagged(handle, EVENTS_TAG, &place)) return NULL;
  index = place.gpu << 4 | place.gi;
  if (index >= SETS_MAX || !sets[index].used) return NULL;
  return (sets[index].generation & 0xfffff) == place.generation ? &sets[index] : NULL;
}

nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *handle) {
  BEGIN(nvmlEventSetCreate);
  if (handle == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  for (uint32_t i = 0; i < SETS_MAX; i++) {
    if (sets[i].used) continue;
    memset(&sets[i], 0, sizeof sets[i]);
    sets[i].used = 1;
    sets[i].seen = state->event_count;
    sets[i].generation = ++state->generation;
    *handle = handle_of(EVENTS_TAG, (struct place){i >> 4, i & 0xf, 0, sets[i].generation});
    END(NVML_SUCCESS);
  }
  END(NVML_ERROR_MEMORY);
}

nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t handle) {
  BEGIN(nvmlEventSetFree);
  (void)state;
  struct event_set *set = find_set(handle);
  if (set == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  set->used = 0;
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, unsigned long long *types) {
  BEGIN(nvmlDeviceGetSupportedEventTypes);
  WITH_GPU;
  (void)gpu;
  if (types == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  *types = nvmlEventTypeXidCriticalError | nvmlEventMigConfigChange;
  END(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types,
                                      nvmlEventSet_t handle) {
  BEGIN(nvmlDeviceRegisterEvents);
  WITH_GPU;
  (void)gpu;
  struct event_set *set = find_set(handle);
  if (set == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
  if (types & ~(nvmlEventTypeXidCriticalError | nvmlEventMigConfigChange))
    END(NVML_ERROR_NOT_SUPPORTED);
  set->types[place.gpu] |= types;
  END(NVML_SUCCESS);
}

/* The next event of the set that nobody has read, or that a GPU of it is lost; else a timeout. */
static nvmlReturn_t next_event(struct state *state, struct event_set *set, nvmlEventData_t *data) {
  for (uint32_t i = 0; i < state->gpu_count; i++)
    if (set->types[i] && state->gpus[i].lost) return NVML_ERROR_GPU_IS_LOST;
  if (state->event_count - set->seen > EVENTS_MAX) set->seen = state->event_count - EVENTS_MAX;
  while (set->seen < state->event_count) {
    const struct event *event = &state->events[set->seen++ % EVENTS_MAX];
    if (event->gpu >= GPUS_MAX || !(set->types[event->gpu] & event->type)) continue;
    data->device = handle_of(GPU_TAG, (struct place){event->gpu, 0, 0, 0});
    data->eventType = event->type;
    data->eventData = event->data;
    data->gpuInstanceId = event->gi;
    data->computeInstanceId = event->ci;
    return NVML_SUCCESS;
  }
  return NVML_ERROR_TIMEOUT;
}

nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t handle, nvmlEventData_t *data,
                                 unsigned int timeout_ms) {
  for (unsigned int waited = 0;; waited += 2) {
    BEGIN(nvmlEventSetWait_v2);
    struct event_set *set = find_set(handle);
    if (data == NULL || set == NULL) END(NVML_ERROR_INVALID_ARGUMENT);
    nvmlReturn_t result = next_event(state, set, data);
    if (result != NVML_ERROR_TIMEOUT || waited >= timeout_ms) END(result);
    unlock_state(state);
    sleep_ms(2);
  }
}

/* --- What nvidia-smi asks for beyond NVML's published interface ------------------------------- */

static nvmlReturn_t nothing(void) { return NVML_SUCCESS; }

static nvmlReturn_t internal_handle(unsigned int index, nvmlDevice_t *device) {
  return nvmlDeviceGetHandleByIndex_v2(index, device);
}

/* Found by trying: versions 535 and 550 of the program get their GPUs from entry 81. */
nvmlReturn_t nvmlInternalGetExportTable(const void **table, const void *id) {
  static void *entries[512];
  (void)id;
  if (table == NULL) return NVML_ERROR_INVALID_ARGUMENT;
  for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) entries[i] = (void *)nothing;
  entries[0] = (void *)sizeof entries;
  entries[81] = (void *)internal_handle;
  *table = entries;
  return NVML_SUCCESS;
}
