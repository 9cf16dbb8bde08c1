/* The diode clipper by hand, for comparison: R1 = 2.2k, C1 = 10n, two antiparallel diodes.
 *
 * The trapezoidal rule; Halley's method on the one unknown, from the last voltage on in a straight line, each step no
 * longer than LONGEST thermal voltages; one exponential (the standard library's) for both diodes an iteration. */
#include <math.h>
#include <stdint.h>

#define MODEL_INPUTS 1
#define MODEL_OUTPUTS 1

typedef double model_sample;
typedef struct { double v, before, charge; } model_player; /* charge: 2 C fs v + the capacitor's current */

static const double IS = 2.52e-9, THERMAL = 1.752 * 1.38064852e-23 * 300.15 / 1.6021766208e-19; /* as in SPICE */
static const double G = 1 / 2.2e3, GC = 2 * 10e-9 * MODEL_FS, LONGEST = 4;

static void model_start(model_player *player) { player->v = player->before = player->charge = 0; }

static void model_play(model_player *player, const double *in, double *out, int32_t n) {
  const double slope = G + GC, scale = 1 / THERMAL, furthest = LONGEST * THERMAL;
  double v = player->v, before = player->before, charge = player->charge;
  int32_t k;
  for (k = 0; k < n; k++) {
    const double driven = charge + G * in[k];
    double next = v + (v - before), step;
    int left = 50;
    do {
      const double e = exp(next * scale), inverse = 1 / e;
      const double current = IS * (e - inverse), conductance = IS * scale * (e + inverse);
      const double f = slope * next - driven + current, df = slope + conductance, ddf = current * scale * scale;
      step = 2 * f * df / (2 * df * df - f * ddf);
      step = step > furthest ? furthest : step < -furthest ? -furthest : step;
      next -= step;
    } while (fabs(step) > 3e-6 && --left); /* cubic: what is left is below rounding */
    before = v;
    v = next;
    charge = 2 * GC * v - charge;
    out[k] = v;
  }
  player->v = v;
  player->before = before;
  player->charge = charge;
}
