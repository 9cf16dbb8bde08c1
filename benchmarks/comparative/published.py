"""What three comparisons have published, to be held against: test ESR.

Simionato, R., Fasciani, S. (2025), "Comparative study of state-based neural networks for virtual analog audio effects
    modeling", arXiv:2405.04124.
Wright, A., Damskägg, E.-P., Välimäki, V. (2019), "Real-time black-box modelling with recurrent neural networks",
    DAFx-19: of a Blackstar HT-1 and a Big Muff.
Vanhatalo, T., et al. (2022), "A review of neural network-based emulation of guitar amplifiers", Applied Sciences 12,
    table 8: of one amplifier.
"""

ESR = {
    "overdrive": {"LSTM": 0.113, "S4D": 0.122, "S6": 0.172, "LRU": 0.177, "ED": 0.200},
    "saturation": {"S4D": 0.162, "S6": 0.163, "ED": 0.166, "LSTM": 0.191, "LRU": 0.336},
    "equaliser": {"LSTM": 0.0114, "S6": 0.0120, "ED": 0.035, "LRU": 0.056, "S4D": 0.070},
    "compression": {"S6": 0.0196, "S4D": 0.0207, "ED": 0.0236, "LRU": 0.0282, "LSTM": 0.111},
    "low pass": {"S4D": 0.556, "S6": 0.577, "LRU": 0.577, "ED": 0.638, "LSTM": 0.703},
}
"""Of OD300, saturator, Pultec, LA-2A and Neutron low pass: where it has two devices of a kind, the first."""

BESIDE = (
    (
        "Wright et al. 2019",
        "tube-preamp",
        {"WaveNet 18 x 16": 0.0079, "LSTM-96": 0.011, "LSTM-64": 0.018, "GRU-32": 0.033},
    ),
    ("Wright et al. 2019", "big-muff", {"LSTM-64": 0.041, "WaveNet 18 x 16": 0.092}),
    ("Vanhatalo et al. 2022", "tube-preamp", {"LSTM-32": 0.0244, "WaveNet 10 x 16": 0.4337, "TCN shallow": 2.1371}),
)
"""Whose, our device of that kind, errors; of Wright et al. the largest WaveNet, of the review one of 12 channels."""
