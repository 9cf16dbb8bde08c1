import json
import subprocess

import jax
import numpy as np
import pytest

from benchmarks.realtime import __main__ as realtime
from benchmarks.realtime import engines, picture, subjects
from circuitnn.native import compiler
from circuitnn.study.benchmark import main

needs_compiler = pytest.mark.skipif(compiler() is None, reason="no compiler of C")


def costs(**engines_ms):
    return {name.replace("_", " "): {"8": ms, "512": ms / 2} for name, ms in engines_ms.items()}


def row(name, fs=44_100, in_blocks=True, c=0.02, jax_cost=1.5):
    return {
        "model": name,
        "fs": fs,
        "dtype": "float32",
        "in_blocks": in_blocks,
        "costs": costs(JAX=jax_cost, native=0.9, exported_C=c),
        "difference": {engines.EXPORTED: 1e-7},
    }


REPORT = {
    "header": {"rounds": 3, "signal": "built-in excitation", "compiler": "cc", "flags": "-O3"},
    "rows": [row("klon"), row("GRU-8", fs=48_000, in_blocks=False, c=0.004), row("klon-GRU-8", c=0.05)],
}


def test_targets_are_held_against_the_worst_block_and_the_best_whole():
    reached = {target["what"]: target for target in realtime.targets(REPORT)}
    assert reached["klon, 44100 Hz: exported C, seconds, the worst size of block"]["measured"] == 0.02
    assert reached["GRU-8: exported C, ms"] == {
        "what": "GRU-8: exported C, ms",
        "aim": 2.5,
        "measured": 2.0,
        "is_met": True,
    }
    assert not reached["klon-GRU-8, 44100 Hz: exported C, seconds, the worst size of block"]["is_met"]


def test_tables_leave_what_was_not_measured_empty():
    text = realtime.tables(REPORT | {"targets": realtime.targets(REPORT)})
    whole = next(line for line in text.splitlines() if line.startswith("| GRU-8"))
    assert [cell.strip() for cell in whole.split("|")][3:9] == ["750", "450", "2.00", "", "375.00", ""]
    assert sum(line.startswith("| klon") for line in text.splitlines()) >= 6


def test_the_picture_says_what_its_worst_row_says():
    rows = [row("klon", jax_cost=1.5), row("klon-wdf", c=0.04)]
    assert picture.message(rows).endswith(
        "25 times real time or more in blocks of any size;\nPython needs blocks of 512 samples"
    )
    assert "never" in picture.message([row("klon", jax_cost=9.0)])
    assert len(picture.draw(REPORT, 44_100).axes) == 2
    with pytest.raises(ValueError, match="no Klon"):
        picture.draw(REPORT, 8000)


@needs_compiler
def test_a_model_that_asks_for_memory_while_it_plays_is_stopped():
    text = """
#include <stdint.h>
#include <stdlib.h>
#define MODEL_INPUTS 1
#define MODEL_OUTPUTS 1
typedef double model_sample;
typedef struct { void *kept; } model_player;
static void model_start(model_player *p) { p->kept = 0; }
static void model_play(model_player *p, const double *in, double *out, int32_t n) {
  WORK
  while (n--) out[n] = 2 * in[n];
}
"""
    x = np.arange(20.0)
    with engines.player({"model.h": text.replace("WORK", "")}, x, 48_000) as program:
        assert set(program.play((8, 64), passes=2)) == {8, 64}
        np.testing.assert_array_equal(program.answer, 2 * x)
    greedy = text.replace("WORK", "p->kept = malloc(8 + (size_t)n);")
    with (
        engines.player({"model.h": greedy}, x, 48_000) as program,
        pytest.raises(subprocess.CalledProcessError) as problem,
    ):
        program.play((8,), passes=1)
    assert "asked for memory" in problem.value.stderr


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("name", ["diode_clipper", "GRU-8"])
def test_c_by_hand_and_exported_c_are_the_model(name, tmp_path, capsys):
    output = tmp_path / "realtime.json"
    was = jax.config.jax_enable_x64
    try:
        words = f"--models {name} --seconds 0.02 --rounds 1 --rates 44100 --sizes 64 --output {output}"
        assert main(realtime.BENCHMARK, words.split()) == 0
    finally:
        jax.config.update("jax_enable_x64", was)
    rows = json.loads(output.read_text())["rows"]
    assert [(line["fs"], line["in_blocks"]) for line in rows] == [(48_000, False), (44_100, True)]
    within = 1e-5 if name == "GRU-8" else 1e-7
    for line in rows:
        assert set(line["costs"]) == set(realtime.ENGINES)
        assert max(line["difference"].values()) < within
    assert f"| {name}" in capsys.readouterr().out


def test_the_ladder_has_its_nodes():
    assert subjects.ladder(3).count("\nC") == 3
