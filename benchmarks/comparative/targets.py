"""The devices: simulated circuits in the place of the units that the studies recorded, with knobs on a grid."""

from circuitnn import circuits
from circuitnn.study import Positions, Target

ENDS = (0.1, 0.5, 0.9)  # of a knob's travel: its ends are no place where anybody plays


def on_grid(name: str, **knobs: tuple[float, ...]) -> Target:
    """A device at all combinations but the middle one, which only the test has, as Wright et al. leave one out."""
    middle = {knob: values[len(values) // 2] for knob, values in knobs.items()}
    circuit = circuits.CATALOGUE[name]
    positions = Positions.grid(unseen=[middle], **knobs)
    return Target(circuit().title, circuit, positions=positions, volts=circuits.NOMINAL_PEAK[name])


FIVE = (0.1, 0.3, 0.5, 0.7, 0.9)
TARGETS = {
    "sd1": on_grid("sd1", drive=ENDS, tone=ENDS),
    "tube-screamer": on_grid("tube_screamer_clipping", drive=FIVE),
    "saturator": on_grid("transformer_saturator", drive=FIVE),
    # Without its tube amplifier: 24 dB of loss, and nothing that is not linear.
    "pultec": on_grid("pultec_eqp1a", low_boost=ENDS, low_cut=ENDS),
    "la2a": on_grid("la2a", peak_reduction=(0.2, 0.45, 0.7), mode=(0.0, 0.5, 1.0)),
    "cl1b": on_grid("cl1b", threshold=(0.4, 0.6, 0.8), release=(0.0, 0.3, 0.6)),
    "low-pass": on_grid("ota_lowpass", cutoff=(0.3, 0.55, 0.8), resonance=(0.1, 0.45, 0.8)),
    # Of the other studies, at one knob with its middle left out.
    "big-muff": on_grid("big_muff", sustain=FIVE),
    "tube-preamp": Target(
        circuits.tube_preamp().title,
        circuits.tube_preamp,
        positions=Positions(),
        volts=circuits.NOMINAL_PEAK["tube_preamp"],
    ),
}
SIMIONATO = ("sd1", "tube-screamer", "saturator", "pultec", "la2a", "cl1b", "low-pass")
EFFECTS = {
    "overdrive": ("sd1", "tube-screamer"),
    "saturation": ("saturator",),
    "equaliser": ("pultec",),
    "compression": ("la2a", "cl1b"),
    "low pass": ("low-pass",),
}
"""The kinds of effect of the study, with our devices of each."""
