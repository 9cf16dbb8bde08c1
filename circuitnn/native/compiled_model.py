"""Any model with its loop in compiled C."""

from typing import Any, final

from jax import Array

from circuitnn.arguments import at_level
from circuitnn.model import Carry, Controls, Forcing, Level, Model, Rest, StateModel, checked_model
from circuitnn.native.blocks import played
from circuitnn.plainly import is_plain
from circuitnn.settings import register
from circuitnn.wrapper import AroundStates, SameRate


@register
class Compiled(SameRate):
    """A model whose blocks are computed by compiled C; see `compiled`.

    Args:
        model: any model. A `StateModel` is one here too.
    """

    def __new__(cls, model: Model | None = None) -> "Compiled":
        return super().__new__(CompiledStates if isinstance(model, StateModel) else cls)

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        return at_level(self.model, batch, controls, level)

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        return self.model.resting(batch, controls, level=level)

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        block = None if is_plain() else played(self.model, carry, x, controls, is_observed=False)
        return self.model(carry, x, controls) if block is None else block


@register
@final
class CompiledStates(Compiled, AroundStates):  # type: ignore[misc]  # without states a block has less to write
    """`Compiled` around a model with circuit states."""

    model: StateModel

    def trace(
        self, carry: Carry, x: Array, controls: Controls | None = None, forcing: Forcing | None = None
    ) -> tuple[Carry, Array, Array]:
        is_own = forcing is not None or is_plain()
        block = None if is_own else played(self.model, carry, x, controls, is_observed=True)
        if block is None:
            return self.model.trace(carry, x, controls, forcing)
        after, both = block
        return after, both[..., : self.out_features], both[..., self.out_features :]

    def inner(self, carry: Carry) -> Carry:
        return carry

    def with_inner(self, carry: Carry, inner: Carry) -> Carry:
        return inner


def compiled(model: Model) -> Any:
    """The same model with its loop in compiled C, generated from its own one-sample step.

    Blocks, knobs, carries and reports are those of the model, to rounding, so that blocks of both can follow each
    other. Batches go over the threads of XLA. The derivative is the model's own. All numbers of the model are given at
    run time: training and other component values need no new compilation, and models that differ in nothing else share
    one. The C is compiled when the first block is played, and kept in circuitnn/native in XDG_CACHE_HOME or ~/.cache.

    On other devices than CPUs, without a C compiler, with forced states and with values that are a batch it is the
    model as it is.

    Args:
        model: any `Model`.

    Returns:
        A model; a `StateModel` of one.

    Raises:
        CompilerError: at the first block, when the compiler fails.
        LoweringError: at the first block, when the model has no C.
    """
    model = checked_model(model)
    return model if isinstance(model, Compiled) else Compiled(model)
