"""`python -m benchmarks.exposure_bias`: exposure bias of recurrent models on diode clippers."""

from benchmarks.exposure_bias.findings import findings, headline
from benchmarks.exposure_bias.hypotheses import HYPOTHESES
from circuitnn import circuits, study
from circuitnn.recurrent import GRU, LSTM
from circuitnn.study import Preset, RateSearch, Study, Target, black_box, state_matched, stn

TARGETS = {
    "diode-clipper": Target(
        circuits.diode_clipper().title,
        circuits.diode_clipper,
        schematic="""\
in o---[ R1 ]--+------+------+---o out
               |      |      |
              === C1  V D1   A D2
               |      |      |
0  o-----------+------+------+---o 0""",
    ),
    "diode-clipper-2nd-order": Target(
        circuits.diode_clipper_second_order().title,
        circuits.diode_clipper_second_order,
        schematic="""\
in o---||---[ R1 ]--+------+------+---o out
       Ch           |      |      |
                   === Cl  V D1   A D2
                    |      |      |
0  o----------------+------+------+---o 0""",
    ),
}
CONTENDERS = {
    "STN 4-4-4": stn(4, 4, 4, bias="first"),
    "SMGRU-8 leading": state_matched(8, "leading"),
    "SMGRU-8 read-out": state_matched(8, "readout"),
    # How far the regime that does best takes a larger model.
    "SMGRU-16 read-out": state_matched(16, "readout", regimes=("TF+TBPTT",)),
    "GRU-8": black_box(GRU, 8, learning_rate=2e-2),
    "LSTM-8": black_box(LSTM, 8),
}
PRESETS = {
    "quick": Preset("quick", seeds=3, updates=200, contenders=tuple(name for name in CONTENDERS if "16" not in name)),
    "medium": Preset("medium", seeds=5, updates=1500, search=RateSearch()),
    "full": Preset("full", seeds=10, updates=8000, search=RateSearch()),
}
STUDY = Study(
    module="benchmarks.exposure_bias",
    title="Exposure bias of recurrent models of a diode clipper",
    about="STN, GRU, LSTM and state-matched GRU on diode clippers: what teacher forcing, scheduled sampling and "
    "truncated BPTT leave of exposure bias.",
    targets=TARGETS,
    contenders=CONTENDERS,
    presets=PRESETS,
    headline=headline,
    hypotheses=HYPOTHESES,
    findings=findings,
    volts=4.5,  # an active pickup into a 9 V pedal
    has_floor=True,
)

if __name__ == "__main__":
    raise SystemExit(study.main(STUDY))
