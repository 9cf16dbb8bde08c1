/* A model in blocks, as a host plays it: how long a second of sound takes, for each size of a block.
 *
 *   player SOUND ANSWER RATE PASSES SECONDS SIZE...
 *
 * SOUND holds numbers of the model's type, sample after sample; ANSWER is written likewise, from rest. For each size a
 * line goes out: the size, and the least time of the passes over the sound, in seconds for a second of sound. Passes are
 * repeated up to PASSES of them or SECONDS for a size, those of all sizes in turns. Whoever asks for memory or gives some
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

static model_player player;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double play(const model_sample *in, model_sample *out, int32_t samples, int32_t size) {
  int32_t at;
  double began;
  model_start(&player);
  is_playing = 1;
  began = now();
  for (at = 0; at < samples; at += size)
    model_play(&player, in + at * MODEL_INPUTS, out + at * MODEL_OUTPUTS, samples - at < size ? samples - at : size);
  began = now() - began;
  is_playing = 0;
  return began;
}

int main(int count, char **words) {
  enum { FIRST = 6, MOST = 64 };
  double least[MOST], spent = 0, sound, longest;
  long bytes;
  int32_t samples, pass, passes, k, sizes = count - FIRST;
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
  if (!in || !out || fread(in, 1, (size_t)bytes, file) != (size_t)bytes) return 3;
  fclose(file);
  sound = samples / atof(words[3]);
  passes = atoi(words[4]);
  longest = atof(words[5]) * sizes;
  for (pass = 0; pass < passes && (pass == 0 || spent < longest); pass++)
    for (k = 0; k < sizes; k++) {
      const double took = play(in, out, samples, atoi(words[FIRST + k]));
      if (pass == 0 || took < least[k]) least[k] = took;
      spent += took;
    }
  for (k = 0; k < sizes; k++) printf("%s %.9g\n", words[FIRST + k], least[k] / sound);
  if (!(file = fopen(words[2], "wb"))) return 3;
  if (fwrite(out, sizeof *out, (size_t)samples * MODEL_OUTPUTS, file) != (size_t)samples * MODEL_OUTPUTS) return 3;
  return fclose(file) ? 3 : 0;
}
