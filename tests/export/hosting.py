"""A host of plug-ins in few lines: what LV2 asks for, by ctypes; and lv2apply, a host that others wrote."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

import circuitnn as cn

POINTER = ctypes.c_void_p


class Descriptor(ctypes.Structure):
    _fields_ = [
        ("uri", ctypes.c_char_p),
        ("instantiate", ctypes.CFUNCTYPE(POINTER, POINTER, ctypes.c_double, ctypes.c_char_p, POINTER)),
        ("connect_port", ctypes.CFUNCTYPE(None, POINTER, ctypes.c_uint32, POINTER)),
        ("activate", ctypes.CFUNCTYPE(None, POINTER)),
        ("run", ctypes.CFUNCTYPE(None, POINTER, ctypes.c_uint32)),
        ("deactivate", POINTER),
        ("cleanup", ctypes.CFUNCTYPE(None, POINTER)),
        ("extension_data", POINTER),
    ]


class Hosted:
    """One instance of a plug-in; its knobs begin where they are told."""

    def __init__(self, folder, fs, *, knobs=(), inputs=1, outputs=1):
        (path,) = folder.glob("*.so")
        library = ctypes.CDLL(str(path))
        library.lv2_descriptor.restype = ctypes.POINTER(Descriptor)
        assert not library.lv2_descriptor(1)
        self.plugin = library.lv2_descriptor(0).contents
        none = (POINTER * 1)()
        self.instance = self.plugin.instantiate(ctypes.byref(self.plugin), fs, b"", ctypes.cast(none, POINTER))
        self.inputs, self.outputs = inputs, outputs
        if self.instance:
            self.knobs = (ctypes.c_float * (len(knobs) + 1))(*knobs, -1)  # the last one is the latency
            for n in range(len(knobs) + 1):
                place = ctypes.byref(self.knobs, n * ctypes.sizeof(ctypes.c_float))
                self.plugin.connect_port(self.instance, inputs + outputs + n, place)
            self.plugin.activate(self.instance)

    @property
    def latency(self):
        return self.knobs[len(self.knobs) - 1]

    def play(self, x, *, in_place=False):
        """x (time, inputs): y (time, outputs)."""
        columns = np.array(x, np.float32).reshape(len(x), -1).T.copy()
        heard = columns if in_place else np.empty((self.outputs, len(x)), np.float32)
        for n, row in enumerate([*columns, *heard]):
            self.plugin.connect_port(self.instance, n, row.ctypes.data)
        self.plugin.run(self.instance, len(x))
        return heard.T

    def close(self):
        self.plugin.cleanup(self.instance)


def applied(folder, x, fs, **knobs):
    """What lv2apply makes of x (time,) with the plug-in in that folder."""
    if shutil.which("lv2apply") is None:
        pytest.skip("lv2apply is not installed")
    words = [word for name, position in knobs.items() for word in ("-c", name, str(position))]
    (line,) = [line for line in (folder / "manifest.ttl").read_text().splitlines() if line.startswith("<")]
    with tempfile.TemporaryDirectory() as sounds:  # in the folder of plug-ins each thing is taken for one
        before, after = Path(sounds, "in.wav"), Path(sounds, "out.wav")
        cn.audio.write(before, x, fs)
        done = subprocess.run(
            ["lv2apply", "-i", str(before), "-o", str(after), *words, line[1:-1]],
            env=os.environ | {"LV2_PATH": str(folder.parent)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            return done.stderr
        assert not done.stderr, done.stderr
        return cn.audio.read(after)[0]
