/* A gated recurrent unit of one input and one output by hand, for comparison; single precision.
 *
 * The weights (weights.h) lie transposed, so that each loop goes along the units and becomes vectors: one product of
 * the recurrent matrix a sample, three gates side by side. tanh by an exponential of its own: 2^n times a polynomial of
 * degree 6 (Taylor's, |x| <= ln(2)/2, relative error 2e-7), which vectorises, where the standard library's tanhf would
 * be called number by number. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "weights.h" /* HIDDEN, INPUT, RECURRENT (rows: from units), BIAS, BIAS_N, READ_OUT, LEVEL, REST */

#define MODEL_INPUTS 1
#define MODEL_OUTPUTS 1

typedef float model_sample;
typedef float lanes __attribute__((vector_size(32), aligned(4), may_alias));
enum { TILE = 6 }; /* vectors of sums that stay in registers, where there are 16 units or a multiple of them */

typedef struct { float h[HIDDEN]; } model_player;

static void model_start(model_player *player) { memcpy(player->h, REST, sizeof REST); }

static inline float exponential(float x) {
  union { int32_t i; float f; } power;
  float n, r, p;
  x = x < -87.0f ? -87.0f : x > 87.0f ? 87.0f : x;
  n = x * 1.44269504f + 12582912.0f; /* 1.5 2^23: rounds to a whole number */
  power.f = n;
  power.i = (power.i << 23) + 0x3f800000;
  n -= 12582912.0f;
  r = x - n * 0.693359375f + n * 2.12194440e-4f;
  p = 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  return (p * r + 1.0f) * power.f;
}

static inline float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }
static inline float hyperbolic(float x) { return 1.0f - 2.0f / (1.0f + exponential(2.0f * x)); }

static void model_play(model_player *player, const float *in, float *out, int32_t n) {
  float h[HIDDEN], sums[3 * HIDDEN];
  int32_t k, i, j;
  memcpy(h, player->h, sizeof h);
  for (k = 0; k < n; k++) {
    const float x = in[k];
    float y = LEVEL;
    for (j = 0; j < 2 * HIDDEN; j++) sums[j] = BIAS[j] + INPUT[j] * x;
    for (; j < 3 * HIDDEN; j++) sums[j] = BIAS_N[j - 2 * HIDDEN];
#if HIDDEN % 16
    for (i = 0; i < HIDDEN; i++)
      for (j = 0; j < 3 * HIDDEN; j++) sums[j] += RECURRENT[i][j] * h[i];
#else
    for (j = 0; j < 3 * HIDDEN / 8; j += TILE) {
      lanes sum[TILE];
      int32_t l;
      for (l = 0; l < TILE; l++) sum[l] = ((lanes *)sums)[j + l];
      for (i = 0; i < HIDDEN; i++)
#pragma GCC unroll 6
        for (l = 0; l < TILE; l++) sum[l] += h[i] * ((const lanes *)RECURRENT[i])[j + l];
      for (l = 0; l < TILE; l++) ((lanes *)sums)[j + l] = sum[l];
    }
#endif
    for (j = 0; j < 2 * HIDDEN; j++) sums[j] = sigmoid(sums[j]);
    for (j = 0; j < HIDDEN; j++) {
      const float from = BIAS[2 * HIDDEN + j] + INPUT[2 * HIDDEN + j] * x;
      const float new = hyperbolic(from + sums[j] * sums[2 * HIDDEN + j]);
      h[j] = new + sums[HIDDEN + j] * (h[j] - new);
    }
    for (j = 0; j < HIDDEN; j++) y += READ_OUT[j] * h[j];
    out[k] = y;
  }
  memcpy(player->h, h, sizeof h);
}
