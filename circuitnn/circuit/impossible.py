"""Values that no component can have, of as much of a netlist as is understood."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from circuitnn.circuit.components import Component, DeviceModel
from circuitnn.devices.rules import check_value
from circuitnn.expressions.tree import evaluate


def impossible(
    components: Iterable[Component],
    models: Iterable[DeviceModel],
    values: Mapping[str, Any],
    defaults: Mapping[str, Any],
) -> Iterator[tuple[str, str, str]]:
    """(name, component or model that it is of, what is wrong) of each; nothing of what depends on what is at fault.

    Args:
        components: those that are understood.
        models: likewise.
        values: literals by name.
        defaults: numbers of the parameters by name.
    """
    stated = [(part.name, part.name, part.value, part.rule) for part in components if not part.is_behavioural]
    for model in models:
        rules = {name: model.device.parameter(name).rule for name, _ in model.parameters}
        stated += [(f"{model.name}.{name}", model.name, tree, rules[name]) for name, tree in model.parameters]
    for name, owner, tree, rule in stated:
        with np.errstate(all="ignore"), contextlib.suppress(KeyError):
            value = values[name] if tree is None else evaluate(tree, defaults, np)
            try:
                check_value(name, value, rule)
            except ValueError as error:
                yield name, owner, str(error)
