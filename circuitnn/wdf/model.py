"""The wave digital filter of a circuit, sample by sample."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, final

import jax
import numpy as np
from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.mna.topology import topology
from circuitnn.numerics.rules import Rule
from circuitnn.settings import plain, register, settings_of
from circuitnn.transient.model import CircuitModel
from circuitnn.wdf.build import build
from circuitnn.wdf.decompose import decompose
from circuitnn.wdf.drawing import drawing
from circuitnn.wdf.elements import Element
from circuitnn.wdf.explicit import LAWS, PairLaw, pair_law
from circuitnn.wdf.linear import WaveTree
from circuitnn.wdf.neural import NeuralLaw, NeuralOnePort
from circuitnn.wdf.roots import NeuralRoot, Root


@final
class Derived(NamedTuple):
    """A tree that comes from a circuit, not from constructors."""

    circuit: Circuit
    linear: WaveTree
    network: NeuralOnePort | None = None


@partial(register, build=lambda **arguments: _described(**arguments))
@final
class WDFModel(CircuitModel):
    """A wave digital filter: a tree of adaptors with the nonlinear devices at its root (Fettweis 1986; Werner 2016).

    Waves go up the tree and down again once per block, as columns: what a unit of each state, input and device current
    does. No wave is computed for a sample: it is a product with these columns, the devices at the root, and another
    product. The states are the circuit's, in volts and amperes, so that a tree can be observed, forced and trained like
    any `StateModel`. `derive` makes one of a netlist.

    Args:
        tree: of elements and adaptors, or an R-type adaptor that the devices at the root sit on.
        root: the nonlinear device, several of them, or the ideal source at the root.
        fs: sample rate, Hz.
        output: what is heard: an element's voltage "v(C1)" or just "C1", its current "i(C1)"; or several of them. The
            voltage across the root when None.
        controls: knobs and their defaults; values may be expressions of them ("250k*(1-treble)").
        rule: "trapezoidal", "backward_euler", or one from `alpha_transform`.
        trainable: patterns of value names that become `nnx.Param`, or a mapping from them to tolerances, as for
            `NodalModel`.
        oversampling: 1, 2, 4, 8 or 16.
        solver: "auto", "sequential" or "parallel", as for `NodalModel`.
        dtype: of the signals and the values.

    Raises:
        TreeError: for a tree that cannot be adapted; it names the element.
        ValueError: for a rate that is not positive, an unknown rule or solver, a pattern that matches nothing.
    """

    def __init__(
        self,
        tree: Element | Derived,
        root: Root | Element | Sequence[Root | Element] | None = None,
        fs: float = 48_000,
        *,
        output: str | Sequence[str] | None = None,
        controls: Mapping[str, float] | None = None,
        rule: str | Rule = "trapezoidal",
        trainable: Sequence[str] | Mapping[str, float | None] = (),
        oversampling: int = 1,
        solver: str = "auto",
        dtype: Any = jnp.float32,
    ):
        if isinstance(tree, Derived):
            circuit, waves, network = tree
            self.built = None
        else:
            circuit, junction, law = build(tree, root, output, controls)
            waves, network = WaveTree(junction, law), None
            # As text, since what is static in a model has to be hashable.
            self.built = json.dumps(plain({"tree": tree, "root": root, "output": output}))
        super().__init__(
            circuit,
            fs=fs,
            rule=rule,
            trainable=trainable,
            oversampling=oversampling,
            solver=solver,
            dtype=dtype,
        )
        devices = (root,) if not isinstance(root, Sequence) else root
        networks = [device.network for device in devices if isinstance(device, NeuralRoot)]
        self.network: NeuralOnePort | None = networks[0] if networks else network
        self.waves = waves
        if waves.law is not None:
            waves.law.check(self.values)

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data: the constructors of its tree, or the circuit that it was derived from."""
        if self.built is not None:
            return settings_of(self, **json.loads(self.built), **self.numerical_settings)
        law = self.waves.law
        rest = {"rule": self.rule, "fs": self.fs, **self.numerical_settings, "dtype": np.dtype(self.dtype).name}
        root: dict[str, Any] = {"diodes": law.law if isinstance(law, PairLaw) else "newton"}
        if self.network is not None:
            root = {"network": self.network}
        return {"kind": "WDFModel", "circuit": self.values.start.settings, **plain(root), **plain(rest)}

    @property
    def linear(self) -> WaveTree:
        """The tree; where a network is at its root, with the present weights."""
        law = self.waves.law
        if self.network is None or not isinstance(law, NeuralLaw):
            return self.waves
        weights = jax.tree.map(lambda weight: weight.astype(self.dtype), self.network.weights)
        return dataclasses.replace(self.waves, law=dataclasses.replace(law, weights=weights))

    def __str__(self) -> str:
        return drawing(self.waves.tree)


def _described(*, circuit: Circuit | None = None, **arguments: Any) -> WDFModel:
    """The model with those settings."""
    return WDFModel(**arguments) if circuit is None else derive(circuit, **arguments)


def derive(
    circuit: Circuit,
    fs: float = 48_000,
    *,
    rule: str | Rule = "trapezoidal",
    trainable: Sequence[str] | Mapping[str, float | None] = (),
    oversampling: int = 1,
    solver: str = "auto",
    dtype: Any = jnp.float32,
    diodes: str = "newton",
    network: NeuralOnePort | None = None,
) -> WDFModel:
    """The wave digital filter of a circuit: no tree to draw, no scattering to compute by hand.

    Elements in series and in parallel are contracted until none are left; what hangs on the rest by two nodes becomes
    an R-type adaptor of its own; what remains around the nonlinear devices, with the controlled sources, is the R-type
    adaptor at the root (after Di Battista and Tamassia's decomposition, as Franken, Ochs and Ochs 2005 use it).
    ``print(model)`` draws the tree.

    Args:
        circuit: from `read_netlist` or the catalogue.
        fs: sample rate, Hz.
        rule: as for `WDFModel`, like the rest.
        trainable: patterns of value names, or a mapping from them to tolerances.
        oversampling: 1, 2, 4, 8 or 16.
        solver: "auto", "sequential" or "parallel".
        dtype: of the signals and the values.
        diodes: "newton", or the `law` of `DiodePair` for a circuit whose only device is a diode or an antiparallel pair
            of one model.
        network: that corrects what these diodes reflect, see `with_neural_root`; the model holds it, not a copy of it.

    Raises:
        ValueError: as for `WDFModel`; for a law of diodes, or a network, that the circuit does not allow.
        CircuitError: for equations without a unique solution.
    """
    shape = topology(circuit)
    law: PairLaw | NeuralLaw | None = None
    if network is not None:
        replaced = pair_law(shape, "exact")
        if replaced is None:
            raise ValueError(
                "network: it corrects a diode or an antiparallel pair of one model that is the only device of a circuit"
            )
        law = NeuralLaw(network.symmetric, replaced, corrects=True)
    elif diodes != "newton":
        law = pair_law(shape, diodes) if diodes in LAWS else None
        if law is None:
            raise ValueError(
                f"diodes={diodes!r}: there are newton for any circuit, and {', '.join(LAWS)} for those whose only "
                "device is a diode or an antiparallel pair of one model"
            )
    return WDFModel(
        Derived(circuit, WaveTree(decompose(shape), law), network),
        fs=fs,
        rule=rule,
        trainable=trainable,
        oversampling=oversampling,
        solver=solver,
        dtype=dtype,
    )
