"""The devices: simulated circuits in the place of the units that the studies recorded, with knobs on a grid."""

from circuitnn import circuits
from circuitnn.study import Positions, Target

ENDS = (0.1, 0.5, 0.9)  # of a knob's travel: its ends are no place where anybody plays


def _grid(**knobs: tuple[float, ...]) -> Positions:
    """All combinations but the middle one, which only the test has, as Wright et al. leave one position out."""
    middle = {name: values[len(values) // 2] for name, values in knobs.items()}
    return Positions.grid(unseen=[middle], **knobs)


def _target(name: str, positions: Positions) -> Target:
    circuit = circuits.CATALOGUE[name]
    return Target(circuit().title, circuit, positions=positions, volts=circuits.NOMINAL_PEAK[name])


FIVE = (0.1, 0.3, 0.5, 0.7, 0.9)
TARGETS = {
    "sd1": _target("sd1", _grid(drive=ENDS, tone=ENDS)),
    "tube-screamer": _target("tube_screamer_clipping", _grid(drive=FIVE)),
    "saturator": _target("transformer_saturator", _grid(drive=FIVE)),
    # Without its tube amplifier: 24 dB of loss, and nothing that is not linear.
    "pultec": _target("pultec_eqp1a", _grid(low_boost=ENDS, low_cut=ENDS)),
    "la2a": _target("la2a", _grid(peak_reduction=(0.2, 0.45, 0.7), mode=(0.0, 0.5, 1.0))),
    "cl1b": _target("cl1b", _grid(threshold=(0.4, 0.6, 0.8), release=(0.0, 0.3, 0.6))),
    "low-pass": _target("ota_lowpass", _grid(cutoff=(0.3, 0.55, 0.8), resonance=(0.1, 0.45, 0.8))),
    # Of the other studies, at one knob with its middle left out.
    "big-muff": _target("big_muff", _grid(sustain=FIVE)),
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
