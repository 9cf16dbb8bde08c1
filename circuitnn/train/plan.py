"""Which regime each epoch has, and how much it trains."""

from typing import final

from circuitnn.train.dataset import Dataset
from circuitnn.train.epoch import batches_of
from circuitnn.train.regimes import InTurn, Regime


@final
class Plan:
    """The epochs of a training.

    Attributes:
        schedule: the regime of each.
    """

    def __init__(self, data: Dataset, regime: Regime | InTurn, *, epochs: int, batch: int):
        self._turns = regime if isinstance(regime, InTurn) else InTurn((regime, 1.0))
        self.schedule = [self._turns.at(epoch / epochs) for epoch in range(epochs)]
        self._recordings, self._time, self._batch = len(data.x), data.x.shape[1], batch

    def updates(self, part: Regime) -> int:
        """Of one epoch."""
        return batches_of(self._windows(part), self._batch) * part.blocks

    def samples(self, part: Regime) -> int:
        """Of one epoch, those that have a gradient."""
        return self.updates(part) * part.length * min(self._batch, max(1, self._windows(part)))

    def cannot_go_on(self, done: int, planned: int) -> str | None:
        """Why epochs that were done when so many were planned would have been others in this plan; None if not.

        The validations are left out: there the last epoch of a shorter plan counts as well.
        """
        epochs = len(self.schedule)
        if done > epochs:
            return f"has {done} epochs already, epochs={epochs} are fewer: give epochs={done} for its model"
        if planned == epochs:
            return None
        were = [self._turns.at(epoch / planned) for epoch in range(done)]
        for part in dict.fromkeys(were):
            if part.depends_on_progress:
                return (
                    f"was begun with epochs={planned}, and what {part} does in an epoch depends on the share of all "
                    f"epochs that is done: epochs={epochs} would have gone another way from the start"
                )
        if were != self.schedule[:done]:
            return f"was begun with epochs={planned}, and with epochs={epochs} the regimes take turns at other epochs"
        return None

    def block(self, part: Regime) -> tuple[int, int]:
        """Windows and samples that one loss is computed of."""
        return min(self._batch, self._windows(part)), part.length

    def _windows(self, part: Regime) -> int:
        return self._recordings * ((self._time - part.warmup) // (part.length * part.blocks))
