"""Exported C, compiled by the system's compiler and called from Python."""

import ctypes
import shutil
import subprocess

import numpy as np

CC = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
CXX = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
DOOR = """
#include "{header}"
#include <stdlib.h>
void *made(void) {{ {p}_player *player = malloc(sizeof *player); {p}_start(player); return player; }}
void set_knob(void *player, int index, double value) {{ {p}_set_knob(player, index, ({p}_sample)value); }}
void play(void *player, const void *in, void *out, int n) {{ {p}_play(player, in, out, n); }}
void moving(void *player, const void *in, void *out, int n, const double *knobs, int every) {{
  /* knobs (n, KNOBS) are set before each block of that many samples */
  int i, k;
  for (i = 0; i < n; i += every) {{
    for (k = 0; k < {p}_KNOBS_; k++) set_knob(player, k, knobs[i * {p}_KNOBS_ + k]);
    {p}_play(player, (const {p}_sample *)in + i * {p}_IN_, ({p}_sample *)out + i * {p}_OUT_,
             n - i < every ? n - i : every);
  }}
}}
double check(void *player) {{ return {p}_check(player); }}
void discarded(void *player) {{ free(player); }}
"""


class Played:
    """A header as a library: one player of it."""

    def __init__(self, header, name, model, *, flags=("-O1",)):
        library = header.with_suffix(".so")
        text = DOOR.format(header=header.name, p=name)
        for macro, value in (("KNOBS", "KNOBS"), ("IN", "INPUTS"), ("OUT", "OUTPUTS")):
            text = text.replace(f"{name}_{macro}_", f"{name.upper()}_{value}")
        source = header.with_name(f"{header.stem}_door.c")
        source.write_text(text)
        words = [CC, *STRICT, *flags, "-shared", "-fPIC", str(source), "-lm", "-o", str(library)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:4000]
        self.library, self.model = ctypes.CDLL(str(library)), model
        self.library.made.restype = ctypes.c_void_p
        self.library.check.restype = ctypes.c_double
        self.real = np.dtype(model.dtype)
        self.start()

    def start(self):
        self.player = ctypes.c_void_p(self.library.made())

    def set_knob(self, index, value):
        self.library.set_knob(self.player, index, ctypes.c_double(value))

    def check(self):
        return self.library.check(self.player)

    def play(self, x, blocks=None):
        x = np.ascontiguousarray(np.reshape(x, (-1, self.model.in_features)), self.real)
        y = np.empty((len(x), self.model.out_features), self.real)
        start = 0
        for size in blocks or [len(x)]:
            self.library.play(self.player, _at(x, start), _at(y, start), size)
            start += size
        assert start == len(x)
        return y

    def in_place(self, x):
        y = np.array(x, self.real)
        self.library.play(self.player, _at(y, 0), _at(y, 0), len(y))
        return y

    def moving(self, x, knobs, every=1):
        """With knobs (time, knobs) that are set before each block of that many samples."""
        x = np.ascontiguousarray(np.reshape(x, (-1, self.model.in_features)), self.real)
        y = np.empty((len(x), self.model.out_features), self.real)
        knobs = np.ascontiguousarray(knobs, float)
        self.library.moving(self.player, _at(x, 0), _at(y, 0), len(x), _at(knobs, 0), every)
        return y


def _at(array, row):
    return ctypes.c_void_p(array.ctypes.data + row * array.strides[0])
