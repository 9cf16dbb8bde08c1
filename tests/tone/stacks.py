"""Tone stacks whose pots' tracks have names, and measurements of them."""

import jax
import numpy as np

import circuitnn as cn
from circuitnn.train.response_data import responses

BASSMAN = cn.read_netlist("""Fender Bassman 5F6-A
.param treble=0.5 bass=0.5 mid=0.5 rtreble=250k rbass=1meg rmid=25k
.param l={exp(3.4*(bass-1))}
Vin in 0 DC 0 AC 1
C1 in a 250p
R1a a out {rtreble*(1-treble)}
R1b out b {rtreble*treble}
R4 in x 56k
C2 x b 20n
C3 x c 20n
R2 b d {rbass*l}
R3a d c {rmid*(1-mid)}
R3b c 0 {rmid*mid}
""")
MUFF = cn.read_netlist("""Big Muff tone control
.param tone=0.5 rtone=100k
Vin in 0 DC 0 AC 1
Rs in n 15k
R1 n l 39k
C1 l 0 10n
C2 n h 4n
R2 h 0 22k
Ra h w {rtone*(1-tone)}
Rb w l {rtone*tone}
C3 w out 1u
Rload out 0 100k
""")
# What is learnt of each, but for one resistor that was measured.
STACKS = {
    "bassman": (BASSMAN, ("treble", "bass", "mid"), ("rtreble", "rbass", "rmid", "C1", "C2", "C3"), "R4"),
    "muff": (MUFF, ("tone",), ("rtone", "Rs", "R1", "C1", "C2", "R2", "C3"), "Rload"),
}


def moved(circuit, names, rng, by=0.1):
    """The circuit with each of those values off by up to so much."""
    return circuit.replace(**{name: float(circuit.values[name]) * (1 + rng.uniform(-by, by)) for name in names})


def positions(knobs, rng, settings=12):
    return {name: rng.uniform(size=settings) for name in knobs}


def response(circuit, freqs, knobs):
    """(n, f) complex, exact."""
    with jax.enable_x64(True):
        at = {name: np.asarray(value)[:, None] for name, value in knobs.items()}
        return np.asarray(cn.nodal.frequency_response(circuit, freqs, controls=at))


def measured(circuit, freqs, knobs, rng, *, noise_db=0.1, has_phase=True, turned=None):
    """Responses with noise; `turned` is where the pots really are."""
    exact = response(circuit, freqs, turned or knobs)
    in_db = rng.normal(size=(2, *exact.shape)) * noise_db
    noisy = exact * 10 ** ((in_db[0] + 1j * in_db[1]) / 20)
    return responses(freqs, knobs, noisy if has_phase else np.abs(noisy), has_phase=has_phase)


def decibels(one, other):
    return 20 * np.log10(np.abs(one / other))
