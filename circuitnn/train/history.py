"""How a training went."""

import dataclasses
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from circuitnn.description import block, counted


@final
@dataclasses.dataclass
class History:
    """How training went; with several models every entry has one value for each.

    Attributes:
        loss: (epochs,) or (epochs, models): mean loss over the updates of each epoch.
        initial: a number or (models,): free-running ESR of the weights that training began with; None without
            validation data.
        validation: (validations,) or (validations, models): free-running ESR.
        validation_epochs: the epoch after which each validation was made.
        seconds: (epochs,) wall time; the first includes the compilation.
        samples: samples that had a gradient, for each model.
        updates: optimiser steps, for each model.
    """

    loss: Any = dataclasses.field(default_factory=list)
    validation: Any = dataclasses.field(default_factory=list)
    validation_epochs: list[int] = dataclasses.field(default_factory=list)
    seconds: list[float] = dataclasses.field(default_factory=list)
    samples: int = 0
    updates: int = 0
    initial: Any = None

    def __repr__(self) -> str:
        title = (
            f"History: {counted(len(self.loss), 'epoch')}, {counted(self.updates, 'update')}, {sum(self.seconds):.3g} s"
        )
        lines = []
        for name, values in (("loss", self.loss), ("validation ESR", self.validation)):
            table = np.atleast_2d(np.asarray(values, float).T)  # a row for each model
            for number, row in enumerate(table if len(values) else ()):
                model = f" of model {number}" if len(table) > 1 else ""
                lines.append(
                    f"{name}{model}: {row[0]:.3g} at first, {row[-1]:.3g} at last, {np.nanmin(row):.3g} at best"
                )
        if self.initial is not None:
            before = ", ".join(f"{value:.3g}" for value in np.ravel(self.initial)[:5])
            lines.insert(len(lines) - (len(table) if len(values) else 0), f"validation ESR before training: {before}")
        return block(title, lines)

    def add(self, losses: np.ndarray, samples: int) -> None:
        """Count an epoch in.

        Args:
            losses: (updates,) or (models, updates).
            samples: that had a gradient, for each model.
        """
        self.loss.append(losses.mean(-1).tolist())
        self.updates += losses.shape[-1]
        self.samples += samples

    def of(self, models: ArrayLike) -> "History":
        """That of some of several models, by their numbers."""
        chosen = np.asarray(models, int)
        initial = None if self.initial is None else np.asarray(self.initial)[chosen]
        loss, validation = (
            np.asarray(values)[:, chosen] if len(values) else values for values in (self.loss, self.validation)
        )
        return dataclasses.replace(self, loss=loss, validation=validation, initial=initial)

    def finished(self) -> "History":
        """The history with arrays in place of lists."""
        return dataclasses.replace(self, loss=np.asarray(self.loss), validation=np.asarray(self.validation))

    def summary(self) -> str:
        """The last epoch in a few words, for a progress bar."""
        text = f"epoch {len(self.loss)}, loss {np.mean(self.loss[-1]):.2e}"
        if self.validation:
            text += f", validation ESR {np.median(self.validation[-1]):.2e}"
        return text
