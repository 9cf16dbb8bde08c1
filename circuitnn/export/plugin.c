/* A model as a host plays it: one of several programs, chosen by the sample rate, on a float buffer for each channel. */

#include <stdlib.h>
#if defined(__SSE__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

#define INPUTS ${inputs}
#define OUTPUTS ${outputs}
#define KNOBS ${knobs}
#define RATES ${rates}
#define LATEST ${latest} /* samples that the output comes late at any of the rates */

enum { PIECE = 64 }; /* samples that are played at a time */

typedef ${real} sample;

typedef struct {
  double fs; /* 0: whichever */
  int32_t latency;
  size_t size;
  void (*start)(void *player);
  void (*set_knob)(void *player, int32_t index, sample value);
  void (*play)(void *player, const sample *in, sample *out, int32_t n);
} program;

${wrappers}
static const program programs[RATES] = {
${table}
};

/* The program for a rate in hertz; none where there is none. */
static const program *program_for(double fs) {
  int k;
  for (k = 0; k < RATES; k++)
    if (programs[k].fs <= 0 || (fs - programs[k].fs < 0.5 && programs[k].fs - fs < 0.5)) return &programs[k];
  return NULL;
}

/* Numbers that are nearly nothing take processors a hundred times as long: here they are nothing. */
static uint64_t without_denormals(void) {
#if defined(__SSE__) || defined(_M_X64)
  const unsigned int before = _mm_getcsr();
  _mm_setcsr(before | 0x8040u);
  return before;
#elif defined(__aarch64__) && defined(__GNUC__)
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" : : "r"(before | ((uint64_t)1 << 24)));
  return before;
#else
  return 0;
#endif
}

static void with_denormals(uint64_t before) {
#if defined(__SSE__) || defined(_M_X64)
  _mm_setcsr((unsigned int)before);
#elif defined(__aarch64__) && defined(__GNUC__)
  __asm__ volatile("msr fpcr, %0" : : "r"(before));
#else
  (void)before;
#endif
}

/* A block, piece by piece: full scale becomes volts on the way in, and volts full scale on the way out. Outputs may lie
 * where inputs are. */
static void play(const program *chosen, void *player, const float *const *in, float *const *out, uint32_t count) {
  const sample gain_in = ${gain_in}, gain_out = ${gain_out};
  const uint64_t before = without_denormals();
  sample x[PIECE * INPUTS], y[PIECE * OUTPUTS];
  uint32_t start, n, k;
  for (start = 0; start < count; start += PIECE) {
    const uint32_t piece = count - start < PIECE ? count - start : PIECE;
    for (k = 0; k < INPUTS; k++)
      for (n = 0; n < piece; n++) x[n * INPUTS + k] = gain_in * (sample)in[k][start + n];
    chosen->play(player, x, y, (int32_t)piece);
    for (k = 0; k < OUTPUTS; k++)
      for (n = 0; n < piece; n++) out[k][start + n] = (float)(gain_out * y[n * OUTPUTS + k]);
  }
  with_denormals(before);
}
