"""``.model`` cards: from their text to the parameters that are modelled here."""

from collections.abc import Mapping
from dataclasses import dataclass

from circuitnn.circuit.lines import Line
from circuitnn.circuit.values import Value, assignments, parse_value, tokens
from circuitnn.devices.device import ModelDevice
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Macro

_DATA_SHEET = {"mfg", "type", "iave", "vpk", "irms", "vceo", "icrating", "vds", "vgs"}  # LTspice's notes
_OTHER_TEMPERATURES = {"eg", "xti", "xtb", "kf", "af", "betatce", "vtotc", "tcv", "trb1", "trb2", "trs1", "trs2"}


@dataclass(frozen=True)
class ModelCard:
    """A ``.model`` as written; what its parameters mean is checked once a component uses it."""

    name: str
    kind: str
    assigned: tuple[tuple[str, str | Value], ...]  # by lower-case names; texts or what they stand for
    extra: tuple[str, ...]
    line: Line


def parse_model(line: Line) -> ModelCard:
    """A ``.model NAME KIND(NAME=VALUE ...)`` line."""
    try:
        words, assigned = assignments(tokens(line.text)[1:])
    except NetlistError as error:
        raise error.at(line.number, line.text, line.file) from None
    if len(words) < 2:
        raise line.error(".model needs a name and a kind: .model NAME D(IS=... N=...)")
    name, kind, *extra = words
    return ModelCard(name, kind.upper(), tuple(assigned.items()), tuple(extra), line)


def model_parameters(
    card: ModelCard, device: ModelDevice, functions: Mapping[str, Macro] | None = None
) -> dict[str, Value]:
    """The parameters of a card that are modelled here, defaults filled in, in a fixed order.

    Raises:
        NetlistError: for one that would change the answer and that this library does not model.
    """
    names = {parameter.name: parameter.name for parameter in device.parameters}
    names |= {other: parameter.name for parameter in device.parameters for other in parameter.other_names}
    assigned: dict[str, Value] = {}
    others: list[tuple[str, Value]] = []
    if card.extra:
        raise card.line.error(f".model {card.name}: unknown parameter {card.extra[0]!r}")
    for key, text in card.assigned:
        name = names.get(key.upper())
        place = f".model {card.name}: {key.upper()}"
        if key in _DATA_SHEET | _OTHER_TEMPERATURES:
            continue
        try:
            value = parse_value(text, functions) if isinstance(text, str) else text
        except NetlistError as error:
            raise NetlistError(f"{place}: {error}", card.line.number, card.line.text, card.line.file) from None
        if name is None:
            others.append((key, value))
        elif name in assigned:
            raise card.line.error(f"{place} is given twice")
        else:
            assigned[name] = value
    for key, value in others:
        _check_harmless(card, device, key, value, assigned)
    return {
        parameter.name: assigned.get(parameter.name, parameter.default)
        for parameter in device.parameters
        if not parameter.when or any(assigned.get(name, 0.0) != 0.0 for name in parameter.when)
    }


def _check_harmless(card: ModelCard, device: ModelDevice, key: str, value: Value, assigned: dict[str, Value]) -> None:
    place = f".model {card.name}: {key.upper()}"
    if key in device.only_with and assigned.get(device.only_with[key], 0.0) == 0.0:
        return
    if key in device.same_as and assigned.get(device.same_as[key]) == value:
        return
    hint = device.hints.get(key.upper(), "")
    harmless = {**device.ALWAYS_HARMLESS, **device.harmless}
    if key not in harmless:
        names = ", ".join(parameter.name for parameter in device.parameters)
        raise card.line.error(f"{place} is not supported; {hint or f'a {card.kind} here has {names}'}")
    needed = harmless[key]
    if needed is not None and value != needed:
        raise card.line.error(f"{place} must be {needed:g}" + (f" ({hint})" if hint else ""))
