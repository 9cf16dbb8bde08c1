"""Gradients on every circuit of the catalogue, in every value, model parameter and knob, against differences.

What is differentiated is the energy of the output over a short block, from the operating point on. A change of a value
is relative to it; of one that is zero and of a knob absolute, in volts of the input's peak or in turns.

Two numbers agree when they are within 1e-5 of the larger of them, or of a thousandth of the largest of all: energy
that hardly depends on a value is seen through the rounding of what depends on the others. Differences are of fourth
order, with three steps, of which the best counts: rounding wants a large one, and what is strongly curved a small one.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.circuit import catalogue
from circuitnn.nodal import NodalModel
from tests.golden.catalogue.load import signal

FS, SAMPLES = 48_000, 64
STEPS = np.array([1e-3, 1e-4, 1e-5])
TOLERANCE, TINY = 1e-5, 1e-3
# Its gain at 0 is silent, with a gradient of 0, about which it bends so strongly that differences drown in rounding.
OTHER_TOLERANCES = {"klon_pre_amp": 5e-5}
CENTRAL = np.array([1, -1, 2, -2]), np.array([8, -8, -1, 1]) / 12
ONE_SIDED = np.array([0, 1, 2, 3, 4]), np.array([-25, 48, -36, 16, -3]) / 12
# One of each sort: diodes and a knob in a feedback, a transistor.
QUICK = ("tube_screamer_clipping", "common_emitter")
# Large ones, whose devices are those of others here; checked once by hand (minutes each).
LEFT_OUT = (
    "big_muff",
    "fuzz_face_silicon",
    "fuzz_face_germanium",
    "cry_baby",
    "power_amplifier",
    "push_pull_amplifier",
    "tube_preamp",
    "pultec",
    "la2a",
    "cl1b",
    "univibe_stage",
    "bridged_t",
    "ota_lowpass",
    "ring_modulator",
    "precision_rectifier",
    "astable",  # a difference of 1e-6 moves a jump to another sample; the smallest one agrees to 3e-4
)


class Problem:
    """The energy of a circuit's output as a function of the vector of its values."""

    def __init__(self, name: str):
        self.circuit = catalogue.CATALOGUE[name]()
        self.names = tuple(self.circuit.values)
        self.x = jnp.asarray(signal(name, SAMPLES, FS))
        self.at = np.array([float(self.circuit.values[key]) for key in self.names])
        self.knobs = [(self.names.index(knob), end) for knob in self.circuit.controls for end in (0.0, 1.0)]
        is_knob = np.isin(self.names, list(self.circuit.controls))
        peak = catalogue.NOMINAL_PEAK[name]
        self.scale = np.where(is_knob, 1.0, np.where(self.at == 0, peak, np.abs(self.at)))
        # All values as they are, then each knob at each of its ends.
        self.points = np.stack([self.at, *(self.turned(knob, end) for knob, end in self.knobs)])

    def turned(self, index: int, value: float) -> np.ndarray:
        return np.where(np.arange(len(self.at)) == index, value, self.at)

    def energy(self, vector):
        circuit = dataclasses.replace(self.circuit, values=dict(zip(self.names, vector, strict=True)))
        model = NodalModel(circuit, FS, dtype=jnp.float64)
        return jnp.sum(model(model.init_carry(), self.x)[1] ** 2)

    def gradients(self) -> np.ndarray:
        """(1 + knobs, values), in the scale of each value; one program, one point after the other."""
        return np.asarray(jax.jit(lambda p: jax.lax.map(jax.grad(self.energy), p))(self.points)) * self.scale

    def differences(self) -> tuple[np.ndarray, np.ndarray]:
        """(steps, values) at the point itself, and (steps, knobs) at their ends, from the inside."""
        each = np.diag(self.scale)
        inside = [each[index] * (1 - 2 * end) for index, end in self.knobs]
        asked = [
            [self.at + m * step * row for row in each for m in CENTRAL[0]]
            + [p + m * step * row for p, row in zip(self.points[1:], inside, strict=True) for m in ONE_SIDED[0]]
            for step in STEPS
        ]
        found = np.asarray(jax.jit(lambda p: jax.lax.map(self.energy, p))(np.concatenate(asked)))
        central, ends = np.split(found.reshape(len(STEPS), -1), [4 * len(each)], axis=1)
        signs = np.array([1 - 2 * end for _, end in self.knobs])
        return (
            central.reshape(len(STEPS), -1, 4) @ CENTRAL[1] / STEPS[:, None],
            ends.reshape(len(STEPS), -1, 5) @ ONE_SIDED[1] / STEPS[:, None] * signs,
        )


def assert_agree(names, exact, differences, largest, tolerance=TOLERANCE):
    best = np.min(np.abs(differences - exact), axis=0)
    error = best / np.maximum(np.abs(exact), TINY * largest)
    worst = int(np.argmax(error))
    assert error[worst] < tolerance, (
        f"{names[worst]}: {exact[worst]} by gradient, {differences[:, worst]} by difference"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in catalogue.CATALOGUE
        if name not in LEFT_OUT
    ],
)
def test_gradients_of_all_values_and_of_the_knobs_at_their_ends(name):
    problem = Problem(name)
    gradients = problem.gradients()
    assert np.isfinite(gradients).all()
    central, ends = problem.differences()
    largest = np.abs(gradients).max()
    assert largest > 0
    assert_agree(problem.names, gradients[0], central, largest)
    if problem.knobs:
        at_ends = np.array([gradients[1 + k, index] for k, (index, _) in enumerate(problem.knobs)])
        turned = [f"{problem.names[i]} at {end:g}" for i, end in problem.knobs]
        assert_agree(turned, at_ends, ends, largest, OTHER_TOLERANCES.get(name, TOLERANCE))
