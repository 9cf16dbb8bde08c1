/* Plays a wav file (16, 24 or 32 bits) through ${header}, and tells how long that took:
 *
 *   cc -O2 ${p}_main.c -lm -o ${p}
 *   ./${p} in.wav out.wav [--block 64] [--volts 1] [KNOB=POSITION ...]
 *
 * KNOB=FROM:TO turns a knob evenly while the sound plays, a little before each block. --volts says how many volts full
 * scale is, in and out. out.wav has 32 bits of floating point. */
#include "${header}"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_CHANNELS = 8, LARGEST_BLOCK = 4096 };

typedef struct {
  FILE *file;
  uint32_t fs, left; /* hertz; bytes of sound that are still to be read */
  int channels, width, is_float; /* width: bytes of a number */
} wav;

static ${p}_player players[MOST_CHANNELS]; /* each with inputs of its own */
static unsigned char bytes[LARGEST_BLOCK * MOST_CHANNELS * 4];
static unsigned char written[LARGEST_BLOCK * MOST_CHANNELS * ${P}_OUTPUTS * 4];
static double from[${P}_KNOBS + 1], to[${P}_KNOBS + 1]; /* where a knob is at the beginning and at the end */
static int is_turned[${P}_KNOBS + 1];
static ${p}_sample in[LARGEST_BLOCK * ${P}_INPUTS], out[LARGEST_BLOCK * ${P}_OUTPUTS];

static int fail(const char *what, const char *which) {
  fprintf(stderr, "error: %s%s%s\n", what, *which ? ": " : "", which);
  return 0;
}

static uint32_t whole(const unsigned char *from, int width) { /* little endian, whatever this computer is */
  uint32_t number = 0;
  while (width--) number = number << 8 | from[width];
  return number;
}

static void put(unsigned char *to, uint32_t number, int width) {
  for (; width--; number >>= 8) *to++ = (unsigned char)(number & 255);
}

static double sample(const unsigned char *from, int width, int is_float) {
  const uint32_t bits = whole(from, width) << (32 - 8 * width);
  float number;
  if (!is_float) return (bits >> 31 ? bits - 4294967296.0 : (double)bits) / 2147483648.0;
  memcpy(&number, &bits, sizeof number);
  return number;
}

static int opened(wav *sound, const char *path) {
  unsigned char head[40];
  uint32_t size, form = 0;
  sound->file = fopen(path, "rb");
  if (!sound->file) return fail("cannot be read", path);
  if (fread(head, 1, 12, sound->file) != 12 || memcmp(head, "RIFF", 4) || memcmp(head + 8, "WAVE", 4))
    return fail("is no wav file", path);
  while (fread(head, 1, 8, sound->file) == 8) {
    size = whole(head + 4, 4);
    if (!memcmp(head, "data", 4) && form) {
      sound->left = size;
      return 1;
    }
    if (!memcmp(head, "fmt ", 4) && size >= 16 && size <= 40) {
      if (fread(head, 1, size, sound->file) != size) break;
      form = whole(head, 2);
      if (form == 0xFFFE && size == 40) form = whole(head + 24, 2);
      sound->channels = (int)whole(head + 2, 2);
      sound->fs = whole(head + 4, 4);
      sound->width = (int)whole(head + 14, 2) / 8;
      sound->is_float = form == 3;
      if (!((form == 1 && sound->width >= 2 && sound->width <= 4) || (form == 3 && sound->width == 4)))
        return fail("is not of 16, 24 or 32 bits", path);
    } else {
      for (size += size & 1; size; size--)
        if (fgetc(sound->file) == EOF) return fail("ends too early", path);
    }
  }
  return fail("has no sound", path);
}

static int read_knob(const char *text) {
  const char *sign = strchr(text, '=');
  char *end;
  int k;
  for (k = 0; sign && k < ${P}_KNOBS; k++) {
    const char *name = ${p}_knob_name(k);
    if (strlen(name) == (size_t)(sign - text) && !memcmp(name, text, strlen(name))) {
      from[k] = to[k] = strtod(sign + 1, &end);
      if (end > sign + 1 && *end == ':') {
        sign = end;
        to[k] = strtod(sign + 1, &end);
      }
      if (end == sign + 1 || *end) return fail("no number", text);
      return is_turned[k] = 1;
    }
  }
  for (k = 0; k < ${P}_KNOBS; k++) fprintf(stderr, "there is the knob %s\n", ${p}_knob_name(k));
  return fail("no KNOB=POSITION", text);
}

static void turn_knobs(${p}_player *player, double part) {
  int k;
  for (k = 0; k < ${P}_KNOBS; k++)
    if (is_turned[k]) ${p}_set_knob(player, k, (${p}_sample)(from[k] + part * (to[k] - from[k])));
}

static void head_of(unsigned char *head, uint32_t fs, int channels, uint32_t size) {
  memcpy(head, "RIFF    WAVEfmt                     data    ", 44);
  put(head + 4, 36 + size, 4);
  put(head + 16, 16, 4);
  put(head + 20, 3, 2);
  put(head + 22, (uint32_t)channels, 2);
  put(head + 24, fs, 4);
  put(head + 28, fs * (uint32_t)channels * 4, 4);
  put(head + 32, (uint32_t)channels * 4, 2);
  put(head + 34, 32, 2);
  put(head + 40, size, 4);
}

/* Plays all of the sound; the number of samples, 0 where it could not be written. */
static uint32_t play(wav *sound, FILE *file, int count, int block, double volts, double *seconds) {
  const int frame = sound->channels * sound->width, channels = count * ${P}_OUTPUTS;
  const double all = sound->left;
  uint32_t samples = 0;
  unsigned char head[44];
  int c, n, k;
  head_of(head, sound->fs, channels, 0);
  if (fwrite(head, 1, 44, file) != 44) return 0;
  while (sound->left >= (uint32_t)frame) {
    uint32_t most = sound->left / (uint32_t)frame;
    const int read = (int)fread(bytes, (size_t)frame, most < (uint32_t)block ? most : (size_t)block, sound->file);
    if (read == 0) break;
    for (c = 0; c < count; c++) {
      clock_t start;
      for (n = 0; n < read; n++)
        for (k = 0; k < ${P}_INPUTS; k++)
          in[n * ${P}_INPUTS + k] = (${p}_sample)(volts * sample(bytes + n * frame + (c * ${P}_INPUTS + k) * sound->width,
                                                               sound->width, sound->is_float));
      turn_knobs(&players[c], 1 - sound->left / all);
      start = clock();
      ${p}_play(&players[c], in, out, read);
      *seconds += (double)(clock() - start) / CLOCKS_PER_SEC;
      for (n = 0; n < read; n++)
        for (k = 0; k < ${P}_OUTPUTS; k++) {
          const float number = (float)((double)out[n * ${P}_OUTPUTS + k] / volts);
          uint32_t bits;
          memcpy(&bits, &number, sizeof bits);
          put(written + 4 * (n * channels + c * ${P}_OUTPUTS + k), bits, 4);
        }
    }
    if (fwrite(written, (size_t)channels * 4, (size_t)read, file) != (size_t)read) return 0;
    sound->left -= (uint32_t)(read * frame);
    samples += (uint32_t)read;
  }
  head_of(head, sound->fs, channels, samples * (uint32_t)channels * 4);
  return fseek(file, 0, SEEK_SET) == 0 && fwrite(head, 1, 44, file) == 44 ? samples : 0;
}

int main(int argc, char **argv) {
  wav sound = {0, 0, 0, 0, 0, 0};
  FILE *file;
  uint32_t samples;
  int count, c, k, block = 64;
  double volts = 1, seconds = 0;
  if (argc < 3) return fail("usage", "in.wav out.wav [--block 64] [--volts 1] [KNOB=POSITION ...]"), 2;
  if (!opened(&sound, argv[1])) return 2;
  if (sound.channels < ${P}_INPUTS || sound.channels > MOST_CHANNELS || sound.channels % ${P}_INPUTS)
    return fail("has not the channels that the model takes", argv[1]), 2;
  if (${P}_FS > 0 && sound.fs != ${P}_FS)
    fprintf(stderr, "warning: the model is for %g Hz, the sound has %u Hz\n", ${P}_FS, (unsigned)sound.fs);
  count = sound.channels / ${P}_INPUTS;
  for (k = 3; k < argc; k++) {
    const int has_value = k + 1 < argc;
    if (has_value && !strcmp(argv[k], "--block")) block = atoi(argv[++k]);
    else if (has_value && !strcmp(argv[k], "--volts")) volts = atof(argv[++k]);
    else if (!read_knob(argv[k])) return 2;
  }
  if (block < 1 || block > LARGEST_BLOCK) return fail("--block is from 1 to 4096", ""), 2;
  if (!(volts > 0)) return fail("--volts is a positive number", ""), 2;
  if (!strcmp(argv[1], argv[2])) return fail("is the sound that is read", argv[2]), 2;
  for (c = 0; c < count; c++) {
    ${p}_start(&players[c]);
    turn_knobs(&players[c], 0);
    ${p}_rest(&players[c]); /* with the knobs where they are now */
  }
  file = fopen(argv[2], "wb");
  if (!file) return fail("cannot be written", argv[2]), 1;
  samples = play(&sound, file, count, block, volts, &seconds);
  fclose(sound.file);
  if (fclose(file) || !samples) return fail("could not be written", argv[2]), 1;
  printf("%s: %u samples, %.1f ms of computing for a second of sound, in blocks of %d; %d samples late\n", argv[2],
         (unsigned)samples, 1000 * seconds * sound.fs / samples / count, block, ${P}_LATENCY);
  return 0;
}
