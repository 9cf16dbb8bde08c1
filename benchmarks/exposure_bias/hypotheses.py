"""What the study of exposure bias claims, before it runs.

With six cells (two circuits, three models with circuit states) the smallest one-sided p is 1/64: three hypotheses are
the most that Holm's correction leaves a chance.

Peussa, A., Damskägg, E.-P., Sherson, T., Mimilakis, S. I., Juvela, L., Gotsopoulos, A., Välimäki, V. (2021), "Exposure
    bias and state matching in recurrent neural network virtual analog models", DAFx20in21.
Bengio, S., Vinyals, O., Jaitly, N., Shazeer, N. (2015), "Scheduled sampling for sequence prediction with recurrent
    neural networks", NeurIPS 28.
"""

from circuitnn.study import Hypothesis, Runs

HYPOTHESES = (
    Hypothesis(
        "exposure bias",
        "Trained by teacher forcing alone, models are worse on their own than one step from the truth "
        "(Peussa et al. 2021).",
        Runs("TF", error="forced"),
        Runs("TF"),
    ),
    Hypothesis(
        "TBPTT helps",
        "Truncated BPTT mitigates it: the free-running error is lower than under teacher forcing, at the same number "
        "of updates (Peussa et al. 2021).",
        Runs("TBPTT"),
        Runs("TF"),
    ),
    Hypothesis(
        "scheduled sampling helps",
        "Scheduled sampling mitigates it as well (Bengio et al. 2015).",
        Runs("SS"),
        Runs("TF"),
    ),
)
