/* A model in blocks, as a host plays it: how long a second of sound takes, for each size of a block.
 *
 *   player SOUND ANSWER RATE PASSES SECONDS SIZE...
 *
 * SOUND holds numbers of the model's type, sample after sample; ANSWER is written likewise, from rest. For each size a
 * line goes out: the size, and the time for the sound, in seconds for a second of it. Passes over the sound are repeated
 * up to PASSES of them or SECONDS for a size, those of all sizes in turns, and of each piece of the sound the least time
 * counts: what else runs on the machine interrupts a whole pass more often than a piece. Whoever asks for memory or gives some
 * back while a block is played is stopped (link with --wrap=malloc and so on). */
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model.h"

static volatile int is_playing;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);

static void only_outside(void) {
  if (is_playing) {
    fputs("the model asked for memory while it was playing\n", stderr);
    abort();
  }
}

void *__wrap_malloc(size_t size) { only_outside(); return __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) { only_outside(); return __real_calloc(count, size); }
void *__wrap_realloc(void *memory, size_t size) { only_outside(); return __real_realloc(memory, size); }
void __wrap_free(void *memory) { only_outside(); __real_free(memory); }

enum { FIRST = 6, MOST = 64, PIECE = 512 };
static model_player player;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A pass over the sound, in pieces of whole blocks; the least time of each piece is kept. */
static double play(const model_sample *in, model_sample *out, int32_t samples, int32_t size, double *least) {
  const int32_t blocks = size < PIECE ? PIECE / size : 1;
  double spent = 0, began, took;
  int32_t at = 0, k;
  model_start(&player);
  for (; at < samples; least++) {
    is_playing = 1;
    began = now();
    for (k = 0; k < blocks && at < samples; k++, at += size)
      model_play(&player, in + at * MODEL_INPUTS, out + at * MODEL_OUTPUTS, samples - at < size ? samples - at : size);
    took = now() - began;
    is_playing = 0;
    if (took < *least) *least = took;
    spent += took;
  }
  return spent;
}

int main(int count, char **words) {
  double spent = 0, sound, longest, *least;
  long bytes;
  int32_t samples, pieces, pass, passes, i, k, sizes = count - FIRST;
  model_sample *in, *out;
  FILE *file;
  if (sizes < 1 || sizes > MOST) return 2;
  if (!(file = fopen(words[1], "rb"))) return 3;
  fseek(file, 0, SEEK_END);
  bytes = ftell(file);
  rewind(file);
  samples = (int32_t)(bytes / (long)(MODEL_INPUTS * sizeof *in));
  in = malloc((size_t)bytes);
  out = calloc((size_t)samples * MODEL_OUTPUTS, sizeof *out);
  pieces = samples / PIECE + 2;
  least = malloc(sizeof *least * (size_t)(pieces * sizes));
  if (!in || !out || !least || fread(in, 1, (size_t)bytes, file) != (size_t)bytes) return 3;
  fclose(file);
  sound = samples / atof(words[3]);
  passes = atoi(words[4]);
  longest = atof(words[5]) * sizes;
  for (i = 0; i < pieces * sizes; i++) least[i] = 1e9;
  for (pass = 0; pass < passes && (pass == 0 || spent < longest); pass++)
    for (k = 0; k < sizes; k++) spent += play(in, out, samples, atoi(words[FIRST + k]), least + k * pieces);
  for (k = 0; k < sizes; k++) {
    double sum = 0;
    for (i = 0; i < pieces; i++) sum += least[k * pieces + i] < 1e9 ? least[k * pieces + i] : 0;
    printf("%s %.9g\n", words[FIRST + k], sum / sound);
  }
  if (!(file = fopen(words[2], "wb"))) return 3;
  if (fwrite(out, sizeof *out, (size_t)samples * MODEL_OUTPUTS, file) != (size_t)samples * MODEL_OUTPUTS) return 3;
  return fclose(file) ? 3 : 0;
}
