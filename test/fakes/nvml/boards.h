/*
 * GPU instance profiles of five boards, typed here apart from src/core/mig so that a slip in one
 * does not hide in the other. Sources: nvidia-smi listings (A100 40 GB: MIG User Guide; A100 80 GB:
 * NVIDIA/mig-parted issue 97; H100 and RTX PRO 6000: public listings), go-nvml's a100.go and a30.go.
 */
#ifndef MIGRATOR_FAKE_BOARDS_H
#define MIGRATOR_FAKE_BOARDS_H

enum attribute { PLAIN, MEDIA, GRAPHICS, NO_MEDIA, ALL_MEDIA };

struct profile {
  unsigned int number; /* NVML_GPU_INSTANCE_PROFILE_*, which only asks for the id */
  unsigned int id;
  const char *name;
  enum attribute attribute;
  unsigned int slices, count, size;
  int starts[8]; /* ends with -1 */
  unsigned int mib, sm, ce, dec, enc, jpeg, ofa;
};

struct board {
  const char *key, *name;
  unsigned int pci_device, mib, grid, slices;
  int resets_for_mode; /* Ampere changes its MIG mode by a reset */
  const struct profile *profiles;
};

#define EIGHTHS {0, 1, 2, 3, 4, 5, 6, -1}
#define PAIRS {0, 2, 4, 6, -1}
#define DOUBLES {0, 2, 4, -1}
#define HALVES {0, 4, -1}
#define WHOLE {0, -1}

static const struct profile a100_40gb[] = {
    {0, 19, "MIG 1g.5gb", PLAIN, 1, 7, 1, EIGHTHS, 4864, 14, 1, 0, 0, 0, 0},
    {7, 20, "MIG 1g.5gb+me", MEDIA, 1, 1, 1, EIGHTHS, 4864, 14, 1, 1, 0, 1, 1},
    {9, 15, "MIG 1g.10gb", PLAIN, 1, 4, 2, PAIRS, 9856, 14, 1, 1, 0, 0, 0},
    {1, 14, "MIG 2g.10gb", PLAIN, 2, 3, 2, DOUBLES, 9856, 28, 2, 1, 0, 0, 0},
    {2, 9, "MIG 3g.20gb", PLAIN, 3, 2, 4, HALVES, 19968, 42, 3, 2, 0, 0, 0},
    {3, 5, "MIG 4g.20gb", PLAIN, 4, 1, 4, WHOLE, 19968, 56, 4, 2, 0, 0, 0},
    {4, 0, "MIG 7g.40gb", PLAIN, 7, 1, 8, WHOLE, 40192, 98, 7, 5, 0, 1, 1},
    {0, 0, 0, PLAIN, 0, 0, 0, WHOLE, 0, 0, 0, 0, 0, 0, 0}};

static const struct profile a100_80gb[] = {
    {0, 19, "MIG 1g.10gb", PLAIN, 1, 7, 1, EIGHTHS, 9728, 14, 1, 0, 0, 0, 0},
    {7, 20, "MIG 1g.10gb+me", MEDIA, 1, 1, 1, EIGHTHS, 9728, 14, 1, 1, 0, 1, 1},
    {9, 15, "MIG 1g.20gb", PLAIN, 1, 4, 2, PAIRS, 19968, 14, 1, 1, 0, 0, 0},
    {1, 14, "MIG 2g.20gb", PLAIN, 2, 3, 2, DOUBLES, 19968, 28, 2, 1, 0, 0, 0},
    {2, 9, "MIG 3g.40gb", PLAIN, 3, 2, 4, HALVES, 40192, 42, 3, 2, 0, 0, 0},
    {3, 5, "MIG 4g.40gb", PLAIN, 4, 1, 4, WHOLE, 40192, 56, 4, 2, 0, 0, 0},
    {4, 0, "MIG 7g.80gb", PLAIN, 7, 1, 8, WHOLE, 80384, 98, 7, 5, 0, 1, 1},
    {0, 0, 0, PLAIN, 0, 0, 0, WHOLE, 0, 0, 0, 0, 0, 0, 0}};

static const struct profile h100_80gb[] = {
    {0, 19, "MIG 1g.10gb", PLAIN, 1, 7, 1, EIGHTHS, 9984, 16, 1, 1, 0, 1, 0},
    {7, 20, "MIG 1g.10gb+me", MEDIA, 1, 1, 1, EIGHTHS, 9984, 16, 1, 1, 0, 1, 1},
    {9, 15, "MIG 1g.20gb", PLAIN, 1, 4, 2, PAIRS, 20096, 26, 1, 1, 0, 1, 0},
    {1, 14, "MIG 2g.20gb", PLAIN, 2, 3, 2, DOUBLES, 20096, 32, 2, 2, 0, 2, 0},
    {2, 9, "MIG 3g.40gb", PLAIN, 3, 2, 4, HALVES, 40448, 60, 3, 3, 0, 3, 0},
    {3, 5, "MIG 4g.40gb", PLAIN, 4, 1, 4, WHOLE, 40448, 64, 4, 4, 0, 4, 0},
    {4, 0, "MIG 7g.80gb", PLAIN, 7, 1, 8, WHOLE, 81152, 132, 8, 7, 0, 7, 1},
    {0, 0, 0, PLAIN, 0, 0, 0, WHOLE, 0, 0, 0, 0, 0, 0, 0}};

static const struct profile a30[] = {
    {0, 14, "MIG 1g.6gb", PLAIN, 1, 4, 1, {0, 1, 2, 3, -1}, 5952, 14, 1, 0, 0, 0, 0},
    {7, 21, "MIG 1g.6gb+me", MEDIA, 1, 1, 1, {0, 1, 2, 3, -1}, 5952, 14, 1, 1, 0, 1, 1},
    {1, 5, "MIG 2g.12gb", PLAIN, 2, 2, 2, {0, 2, -1}, 11968, 28, 2, 2, 0, 0, 0},
    {8, 6, "MIG 2g.12gb+me", MEDIA, 2, 1, 2, {0, 2, -1}, 11968, 28, 2, 2, 0, 1, 1},
    {3, 0, "MIG 4g.24gb", PLAIN, 4, 1, 4, WHOLE, 24000, 56, 4, 4, 0, 1, 1},
    {0, 0, 0, PLAIN, 0, 0, 0, WHOLE, 0, 0, 0, 0, 0, 0, 0}};

#define QUARTERS {0, 3, 6, 9, -1}
#define SIXES {0, 6, -1}

static const struct profile rtx_pro_6000[] = {
    {0, 14, "MIG 1g.24gb", PLAIN, 1, 4, 3, QUARTERS, 24192, 46, 1, 1, 1, 1, 0},
    {7, 21, "MIG 1g.24gb+me", MEDIA, 1, 1, 3, QUARTERS, 24192, 46, 1, 1, 1, 1, 1},
    {10, 47, "MIG 1g.24gb+gfx", GRAPHICS, 1, 4, 3, QUARTERS, 24192, 46, 1, 1, 1, 1, 0},
    {15, 65, "MIG 1g.24gb+me.all", ALL_MEDIA, 1, 1, 3, QUARTERS, 24192, 46, 1, 4, 4, 4, 1},
    {13, 67, "MIG 1g.24gb-me", NO_MEDIA, 1, 4, 3, QUARTERS, 24192, 46, 1, 0, 0, 0, 0},
    {1, 5, "MIG 2g.48gb", PLAIN, 2, 2, 6, SIXES, 48512, 94, 2, 2, 2, 2, 0},
    {11, 35, "MIG 2g.48gb+gfx", GRAPHICS, 2, 2, 6, SIXES, 48512, 94, 2, 2, 2, 2, 0},
    {16, 64, "MIG 2g.48gb+me.all", ALL_MEDIA, 2, 1, 6, SIXES, 48512, 94, 2, 4, 4, 4, 1},
    {14, 66, "MIG 2g.48gb-me", NO_MEDIA, 2, 2, 6, SIXES, 48512, 94, 2, 0, 0, 0, 0},
    {3, 0, "MIG 4g.96gb", PLAIN, 4, 1, 12, WHOLE, 97408, 188, 4, 4, 4, 4, 1},
    {12, 32, "MIG 4g.96gb+gfx", GRAPHICS, 4, 1, 12, WHOLE, 97408, 188, 4, 4, 4, 4, 1},
    {0, 0, 0, PLAIN, 0, 0, 0, WHOLE, 0, 0, 0, 0, 0, 0, 0}};

static const struct board boards[] = {
    {"a100-40gb", "NVIDIA A100-SXM4-40GB", 0x20b010de, 40960, 8, 7, 1, a100_40gb},
    {"a100-80gb", "NVIDIA A100-SXM4-80GB", 0x20b210de, 81920, 8, 7, 1, a100_80gb},
    {"h100-80gb", "NVIDIA H100 80GB HBM3", 0x233010de, 81559, 8, 7, 0, h100_80gb},
    {"a30", "NVIDIA A30", 0x20b710de, 24576, 4, 4, 1, a30},
    {"rtx-pro-6000", "NVIDIA RTX PRO 6000 Blackwell", 0x2bb110de, 97887, 12, 4, 0, rtx_pro_6000}};

#define BOARD_COUNT (sizeof boards / sizeof boards[0])

/* Compute instance profiles: NVML_COMPUTE_INSTANCE_PROFILE_*, which is the id too, and places. */
struct compute_profile {
  unsigned int id, slices;
  int starts[8];
};

static const struct compute_profile compute_1g[] = {{0, 1, {0, -1}}, {0, 0, {-1}}};
static const struct compute_profile compute_2g[] = {
    {0, 1, {0, 1, -1}}, {1, 2, {0, -1}}, {0, 0, {-1}}};
static const struct compute_profile compute_3g[] = {
    {0, 1, {0, 1, 2, -1}}, {1, 2, {0, -1}}, {2, 3, {0, -1}}, {0, 0, {-1}}};
static const struct compute_profile compute_4g[] = {
    {0, 1, {0, 1, 2, 3, -1}}, {1, 2, {0, 2, -1}}, {3, 4, {0, -1}}, {0, 0, {-1}}};
static const struct compute_profile compute_7g[] = {{0, 1, {0, 1, 2, 3, 4, 5, 6, -1}},
                                                    {1, 2, {0, 2, 4, -1}},
                                                    {2, 3, {0, 4, -1}},
                                                    {3, 4, {0, -1}},
                                                    {4, 7, {0, -1}},
                                                    {0, 0, {-1}}};

#endif
