"""Which values of a circuit are learnt from measurements; for that JAX is not imported."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.patterns import tolerances
from circuitnn.devices.device import Passive, Source


def sources_of(circuit: Circuit) -> dict[str, float]:
    """The independent sources, and how far off their values may be before the data have to insist.

    As far as they are from 0; those that are 0, a volt or a milliampere.
    """
    found = {}
    for part in circuit.components:
        is_source = isinstance(part.device, Source) and part.device.is_independent and part.name in circuit.values
        if is_source and not np.ndim(circuit.values[part.name]):
            found[part.name] = abs(float(circuit.values[part.name])) or (1e-3 if part.device.unit == "A" else 1.0)
    return found


def learnt_values(
    circuit: Circuit,
    knobs: set[str],
    trainable: Sequence[str] | Mapping[str, float | None] | None,
    tolerance: float | None,
    sources: Collection[str] = (),
) -> dict[str, float | None]:
    """Tolerance of each value that is learnt; those of `sources` may be 0."""
    if trainable is None:
        trainable = [
            part.name for part in circuit.components if isinstance(part.device, Passive) and part.name in circuit.values
        ]
        if not trainable:
            raise ValueError("no resistor, capacitor or inductor of this circuit has a value of its own")
    trainable = (trainable,) if isinstance(trainable, str) else trainable
    if not isinstance(trainable, Mapping):
        trainable = dict.fromkeys(trainable, tolerance)
    trainable = {_of_model(circuit, pattern): bound for pattern, bound in trainable.items()}
    spelled = {pattern.lower() for pattern in trainable}
    for name in knobs:
        if name.lower() in spelled:
            raise ValueError(f"trainable: {name} is a knob of the target; its taper is learnt by tapers=({name!r},)")
    # "L*" means inductors and not the knob "level".
    parameters = set(circuit.controls)
    names = [name for name in circuit.values if name not in parameters or name.lower() in spelled]
    bounds = tolerances(names, trainable)
    for name in bounds:
        if np.ndim(circuit.values[name]) or (float(circuit.values[name]) == 0 and name not in sources):
            raise ValueError(f"trainable: the nominal value of {name} has to be a number that is not 0")
    return {name: bounds[name] for name in circuit.values if name in bounds}


def _of_model(circuit: Circuit, pattern: str) -> str:
    """For "D1.IS" this is "DCLIP.IS" where DCLIP is the model of D1."""
    part, _, parameter = pattern.rpartition(".")
    if part not in circuit or pattern.lower() in map(str.lower, circuit.values):
        return pattern
    model = circuit[part].model
    if model is None:
        raise ValueError(f"trainable: {pattern!r}: {circuit[part].name} has no .model whose {parameter} it could be")
    return f"{model}.{parameter}"


def patterns_of(named: Mapping[str, Circuit], fit: Any, tolerance: float | None) -> dict[str, Any]:
    """What is fitted of each circuit."""
    if fit is None:
        return dict.fromkeys(named)
    if isinstance(fit, Mapping) and set(fit) == set(named):
        return {name: _checked(name, named[name], fit[name], tolerance) for name in named}
    if isinstance(fit, Mapping) and set(fit) & set(named):
        missing = ", ".join(sorted(set(named) - set(fit)))
        raise ValueError(
            f"fit: a mapping from circuits to their patterns has to name all of them; {missing} is missing"
        )
    asked: dict[str, float | None] = (
        dict(fit) if isinstance(fit, Mapping) else dict.fromkeys((fit,) if isinstance(fit, str) else fit, tolerance)
    )
    fitting = {
        name: {pattern: bound for pattern, bound in asked.items() if _fits(circuit, pattern)}
        for name, circuit in named.items()
    }
    idle = [pattern for pattern in asked if not any(pattern in patterns for patterns in fitting.values())]
    if idle:
        raise ValueError(f"fit: {', '.join(map(repr, idle))} fits nothing in any of the circuits")
    for name, patterns in fitting.items():
        if not patterns:
            raise ValueError(f"fit: nothing of it is in {name}: give a mapping from circuits to their own patterns")
    return {name: _checked(name, named[name], patterns, tolerance) for name, patterns in fitting.items()}


def _fits(circuit: Circuit, pattern: str) -> bool:
    try:
        return bool(learnt_values(circuit, set(), {pattern: None}, None, sources_of(circuit)))
    except ValueError:
        return False


def _checked(name: str, circuit: Circuit, patterns: Any, tolerance: float | None) -> Any:
    """The patterns; what is wrong with them is an error before the first circuit is fitted."""
    try:
        learnt_values(circuit, set(), patterns, tolerance, sources_of(circuit))
    except ValueError as problem:
        raise ValueError(f"fit: {name}: {problem}") from None
    return patterns
