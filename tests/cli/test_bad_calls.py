"""What people type by mistake: one line that says what is wrong, no traceback, no files; status 2, or 1 if late."""

import json
import shlex
import zipfile

import numpy as np
import pytest
import soundfile

FILES = {
    "empty.cir": b"",
    "words.cir": b"dear diary,\ntoday I drew a circuit\nand it was good\n",
    "junk.cir": bytes(range(256)) * 40,
    "junk.npz": bytes(range(256)) * 40,
    "junk.nam": bytes(range(256)) * 40,
    "junk.wav": bytes(range(256)) * 40,
    "text.wav": b"this is no sound\n",
    "empty.wav": b"",
    "list.json": b"[]",
    "other.json": json.dumps({"in_shape": 3, "layers": "none"}).encode(),
    "deep.nam": b"[" * 100_000,
    "page.cir": b"<!DOCTYPE html><html></html>",
    "noinput.cir": b"* t\nR1 out 0 1k\n.end\n",
    "noout.cir": b"* t\nVin in 0 1\nR1 in a 1k\nR2 a 0 1k\nR3 in b 1k\nR4 b 0 1k\n.end\n",
    "short.cir": b"* t\nVin in 0 1\nV2 in 0 2\nR1 in out 1k\nR2 out 0 1k\n.end\n",
    "float.cir": b"* t\nVin in 0 1\nR1 in out 1k\nR2 out\n.end\n",
    "nomodel.cir": b"* t\nVin in 0 1\nR1 in out 1k\nD1 out 0 NOPE77\n.end\n",
    "moves.csv": b"time_s,nothing\n0,0.5\n",
    "empty.csv": b"",
    "words.csv": b"time_s,tone\n0,loud\n",
    "junk.csv": bytes(range(256)) * 40,
}

CALLS = """
bogus
run
run tone.cir
run tone.cir in.wav
run tone.cir in.wav out.wav more.wav
run none.cir in.wav out.wav
run empty.cir in.wav out.wav
run words.cir in.wav out.wav
run junk.cir in.wav out.wav
run page.cir in.wav out.wav
run noinput.cir in.wav out.wav
run noout.cir in.wav out.wav
run short.cir in.wav out.wav
run float.cir in.wav out.wav
run nomodel.cir in.wav out.wav
run dir in.wav out.wav
run junk.npz in.wav out.wav
run zip.npz in.wav out.wav
run junk.nam in.wav out.wav
run deep.nam in.wav out.wav
run list.json in.wav out.wav
run other.json in.wav out.wav
run in.wav in.wav out.wav
run tone.cir none.wav out.wav
run tone.cir text.wav out.wav
run tone.cir empty.wav out.wav
run tone.cir junk.wav out.wav
run tone.cir tone.cir out.wav
run tone.cir dir out.wav
run tone.cir nan.wav out.wav
run tone.cir in.wav out.mp3
run tone.cir in.wav out
run tone.cir in.wav in.wav
run tone.cir in.wav dir
run tone.cir in.wav out.wav --knob tone=2
run tone.cir in.wav out.wav --knob tone=nan
run tone.cir in.wav out.wav --knob tone
run tone.cir in.wav out.wav --knob =1
run tone.cir in.wav out.wav --knob drive=0.5
run tone.cir in.wav out.wav --volts 0
run tone.cir in.wav out.wav --volts -1
run tone.cir in.wav out.wav --volts inf
run tone.cir in.wav out.wav --volts loud
run tone.cir in.wav out.wav --fs 0
run tone.cir in.wav out.wav --fs 1
run tone.cir in.wav out.wav --oversample 3
run tone.cir in.wav out.wav --automation none.csv
run tone.cir in.wav out.wav --automation moves.csv
run tone.cir in.wav out.wav --automation empty.csv
run tone.cir in.wav out.wav --automation words.csv
run tone.cir in.wav out.wav --automation junk.csv
run tone.cir in.wav out.wav --automation dir
run tone.cir in.wav out.wav --input V9
run tone.cir in.wav out.wav --output nowhere
run tone.cir in.wav out.wav --output "i(R1"
run tone.cir in.wav out.wav --set R9=1k
run tone.cir in.wav out.wav --set R3=
run tone.cir in.wav out.wav --set R3=-1k
run tone.cir in.wav out.wav --set R3=nan
run tone.cir in.wav out.wav --set R3=1e999
run tone.cir in.wav out.wav --model R3=1N4148
run diode_clipper in.wav out.wav --model D1=NOPE77
run diode_clipper in.wav out.wav --model D1=BC108
run diode_clipper in.wav out.wav --width 0.5
response none.cir
response junk.cir
response tone.cir --freqs 0:100:3
response tone.cir --freqs 20000:20:10
response tone.cir --freqs 20:20000
response tone.cir -o curves.doc
response tone.cir --steps 1
response tone.cir tone.cir@R9=1
response m.npz
info none.npz
info junk.npz
info zip.npz
info dir
info in.wav
check none.cir
check dir
export tone.cir tone.exe
export tone.cir tone.nam
export junk.npz a.h
export tone.cir tone.h --frame 0
export tone.cir dir
fit-tone-stack none.cir
fit-tone-stack dir
fit-tone-stack diode_clipper
fit-tone-stack tone.cir -o fit.txt
fit-tone-stack tone.cir --hidden none
fit-tone-stack tone.cir --order 0
identify tone.cir in.wav
identify tone.cir in.wav none.wav
identify tone.cir in.wav in.wav
identify tone.cir in.wav stereo.wav
identify tone.cir in.wav text.wav
identify tone.cir in.wav other.wav --fit R99
identify tone.cir in.wav other.wav --fit R3=200%
identify tone.cir in.wav other.wav --held-out 99
identify tone.cir in.wav other.wav -o report.pdf
compare tone.cir
compare in.wav stereo.wav
compare junk.npz tone.cir
list nothing-like-that
guitar out.mp3
guitar out.wav --seconds 0
guitar dir
"""
# What is found only when it is done.
LATER = """
run tone.cir in.wav in.wav/out.wav
response tone.cir -o in.wav/t.csv
export tone.cir in.wav/t.h
fit-tone-stack tone.cir -o in.wav/t.npz
identify tone.cir in.wav other.wav --json in.wav/t.json
compare tone.cir bassman -o in.wav/t.html
guitar in.wav/g.wav
"""
SHAPES = [(line, 2) for line in CALLS.splitlines() if line] + [(line, 1) for line in LATER.splitlines() if line]


@pytest.fixture
def mistaken(folder):
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    (folder / "dir").mkdir()
    with zipfile.ZipFile("zip.npz", "w") as archive:
        archive.writestr("hello.txt", "hello")
    x, fs = soundfile.read("in.wav")
    soundfile.write("other.wav", 0.5 * x, fs)
    soundfile.write("stereo.wav", np.stack([x, -x], axis=1), fs)
    soundfile.write("nan.wav", np.where(np.arange(len(x)) == 9, np.nan, x), fs, subtype="FLOAT")


@pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning")
@pytest.mark.parametrize(("line", "status"), SHAPES, ids=[line for line, _ in SHAPES])
def test_one_line_and_no_traceback(line, status, mistaken, call):
    result = call(*shlex.split(line), fails=status)
    assert len(result.stderr) < 2000
    assert result.stderr.isprintable() or result.stderr[:-1].isprintable()


def test_a_sound_in_the_place_of_a_model_is_told(mistaken, call):
    assert "in.wav: is a sound; a netlist" in call("run", "in.wav", "tone.cir", "out.wav", fails=2).stderr


def test_there_are_many():
    assert len(SHAPES) > 100
    assert len({line for line, _ in SHAPES}) == len(SHAPES)
