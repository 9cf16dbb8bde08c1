"""A circuit as the text of a netlist."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from circuitnn.circuit.clamps import lines_of_clamp
from circuitnn.circuit.components import NULLOR, Component, DeviceModel
from circuitnn.circuit.piecewise import REPEATED, words_of_pwl
from circuitnn.deferred import is_traced
from circuitnn.devices.device import ModelDevice
from circuitnn.expressions.phases import knows_time
from circuitnn.expressions.tree import Expression

if TYPE_CHECKING:
    from circuitnn.circuit.circuit import Circuit


def netlist_text(
    circuit: Circuit,
    *,
    drive: Mapping[str, str] | None = None,
    tail: Sequence[str] = (".op",),
    is_data: bool = False,
) -> str:
    """The netlist of a circuit, numbers with the digits that make them unique.

    Args:
        circuit: with concrete scalar values.
        drive: by name of an input source, the lines that take its place.
        is_data: for this library alone: op-amps of infinite gain are written as if they had a gain, and devices that
            SPICE does not have as themselves. Else these are subcircuits that do the same.
        tail: the lines before ``.end``; an operating point by default, without which ngspice has nothing to do.

    Raises:
        ValueError: when a value is traced or a batch; for an op-amp of infinite gain.
    """
    numbers = {name: _concrete(name, value) for name, value in circuit.values.items()}
    lines = [f"* {circuit.title}".rstrip()]
    has_powers = any("pwr(" in str(part.value) or "pow(" in str(part.value) for part in circuit.components)
    if has_powers or circuit.title.lower().endswith(".asc"):  # as LTspice's netlists begin
        lines.append("* with the powers of ngspice")  # by which it is recognised when it is read again
    for parameter in circuit.parameters:
        value = numbers[parameter.name] if parameter.expression is None else f"{{{parameter.expression}}}"
        lines.append(f".param {parameter.name}={value}")
    temperatures = {
        model.name: [f"temp={_number(model, name, value, numbers)}"]
        for model in circuit.models
        for name, value in model.parameters
        if name == "TEMP"
    }
    for part in circuit.components:
        replacement = (drive or {}).get(part.name)
        if replacement is not None:
            lines.append(replacement)
            continue
        if part.quantity == NULLOR and not is_data:
            raise ValueError(
                f"{part.name} is an ideal op-amp of infinite gain, which SPICE does not have: give it a gain"
            )
        if isinstance(part.device, ModelDevice) and part.device.equivalent and not is_data:
            lines.append(_call(part, circuit, numbers))
            continue
        temperature = temperatures.get(part.model or "", ())
        lines.append(_element(part, numbers, temperature=temperature, is_input=part.name in circuit.inputs))
    for model in circuit.models:
        is_known = is_data or model.device.equivalent is None
        lines += [_model_card(model, numbers)] if is_known else _equivalent(model, numbers)
    for clamp in circuit.clamps:
        lines += lines_of_clamp(clamp, numbers[clamp.name] if clamp.value is None else f"{{{clamp.value}}}")
    return "\n".join([*lines, *tail, ".end", ""])


def _element(part: Component, numbers: dict[str, str], *, temperature: Sequence[str], is_input: bool) -> str:
    if part.waveform is not None and part.waveform.function in ("PWL", REPEATED):
        return f"{part.name} {' '.join(part.nodes)} {words_of_pwl(part.waveform)}"
    if part.waveform is not None:
        arguments = " ".join(f"{{{argument}}}" for argument in part.waveform.arguments)
        return f"{part.name} {' '.join(part.nodes)} {part.waveform.function}({arguments})"
    if part.is_independent_source and part.value is not None and knows_time(part.value):
        word = part.kind if part.name[0].upper() == "B" else "VALUE"
        return f"{part.name} {' '.join(part.nodes)} {word}={{{part.value}}}"
    if part.is_behavioural:
        quantity = part.quantity if part.name[0].upper() == part.kind else "VALUE"
        return f"{part.name} {' '.join(part.nodes)} {quantity}={{{part.value}}}"
    text = numbers[part.name] if part.value is None else f"{{{part.value}}}"
    words = [part.name, *part.nodes, *part.couples]
    if part.is_independent_source:
        # A unit AC magnitude on the inputs, so that an .ac line added by hand gives the transfer function.
        words += ["DC", text, *(["AC", "1"] if is_input else [])]
    elif part.model is not None:
        factor = part.device.factor if isinstance(part.device, ModelDevice) else "area"
        words += [str(part.model), *([] if text == "1.0" else [f"{factor}={text}"]), *temperature]
    elif part.sense is not None:
        words += [part.sense, text]
    else:
        words.append(text)
    return " ".join(words)


def _model_card(model: DeviceModel, numbers: dict[str, str]) -> str:
    # A temperature is of the parts: SPICE's models have none.
    values = (f"{name}={_number(model, name, value, numbers)}" for name, value in model.parameters if name != "TEMP")
    kind, *words = model.device.spelled.get(model.kind, (model.kind,))
    return f".model {model.name} {kind}({' '.join([*words, *values])})"


def _call(part: Component, circuit: Circuit, numbers: dict[str, str]) -> str:
    """The call of the subcircuit that a device is in SPICE; with an area, what this does to its parameters."""
    model = next(model for model in circuit.models if model.name == part.model)
    area = numbers[part.name] if part.value is None else f"{{{part.value}}}"
    words = [f"X{part.name}", *part.nodes, model.name]
    if area != "1.0":
        inside = {name for name, _ in model.device.series}  # resistances, which an area divides as well
        for name, value in model.parameters:
            parameter = model.device.parameter(name)
            if parameter.scales or parameter.divides or name in inside:
                number = _number(model, name, value, numbers).strip("{}")
                words.append(f"{name}={{({number}){'*' if parameter.scales else '/'}({area.strip('{}')})}}")
    return " ".join(words)


def _equivalent(model: DeviceModel, numbers: Mapping[str, str]) -> list[str]:
    """The subcircuit that does in SPICE what the devices of a model do."""
    device = model.device
    values = [f"{name}={_number(model, name, value, numbers)}" for name, value in model.parameters]
    body = device.equivalent([name for name, _ in model.parameters]) if device.equivalent else ()
    return [f".subckt {model.name} {' '.join(device.pins)}", f"+ params: {' '.join(values)}", *body, ".ends"]


def _number(model: DeviceModel, name: str, value: Expression | None, numbers: Mapping[str, str]) -> str:
    return numbers[f"{model.name}.{name}"] if value is None else f"{{{value}}}"


def _concrete(name: str, value: Any) -> str:
    if is_traced(value):
        raise ValueError(f"{name} is traced: a netlist can be written outside of jit and grad only")
    if np.shape(value) != ():
        raise ValueError(f"{name} is a batch of shape {np.shape(value)}: a netlist has one number for each value")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} is {number}: a netlist has finite numbers only")
    return repr(number)
