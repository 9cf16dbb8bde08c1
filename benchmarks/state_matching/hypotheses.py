"""What the study of state matching claims, before it runs.

Models are compared, so that a cell is a target: four are too few for a rank test to show anything, and enough for the
interval to refute. Whoever adds targets can show it.

Peussa, A. et al. (2021), "Exposure bias and state matching in recurrent neural network virtual analog models",
    DAFx20in21.
"""

from benchmarks.state_matching.contenders import PLAIN
from circuitnn.study import Hypothesis, Runs

HYPOTHESES = tuple(
    Hypothesis(
        f"state matching helps ({mapping})",
        f"A GRU whose states are matched to the circuit's ({mapping}) has a lower error than a plain one of the same "
        "size, both under truncated BPTT (Peussa et al. 2021).",
        Runs("TBPTT", f"SMGRU {mapping}, all"),
        Runs("TBPTT", PLAIN),
    )
    for mapping in ("leading", "read-out")
)
