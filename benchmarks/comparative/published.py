"""What the comparative study has published, to be held against: its test ESR by effect.

Simionato, R., Fasciani, S. (2025), "Comparative study of state-based neural networks for virtual analog audio effects
    modeling", arXiv:2405.04124.
"""

ESR = {
    "overdrive": {"LSTM": 0.113, "S4D": 0.122, "S6": 0.172, "LRU": 0.177, "ED": 0.200},
    "saturation": {"S4D": 0.162, "S6": 0.163, "ED": 0.166, "LSTM": 0.191, "LRU": 0.336},
    "equaliser": {"LSTM": 0.0114, "S6": 0.0120, "ED": 0.035, "LRU": 0.056, "S4D": 0.070},
    "compression": {"S6": 0.0196, "S4D": 0.0207, "ED": 0.0236, "LRU": 0.0282, "LSTM": 0.111},
    "low pass": {"S4D": 0.556, "S6": 0.577, "LRU": 0.577, "ED": 0.638, "LSTM": 0.703},
}
"""Of OD300, saturator, Pultec, LA-2A and Neutron low pass: where it has two devices of a kind, the first."""
