"""``.model`` cards: from their text to the parameters that are modelled here."""

from collections.abc import Callable, Mapping
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
    """A ``.model`` as written; what its parameters mean is looked at once a component uses it."""

    name: str
    kind: str
    line: Line
    given: tuple[tuple[str, Value], ...] | None = None  # where no text says it: by lower-case names

    def assigned(self) -> tuple[tuple[str, str | Value], ...]:
        """Its parameters by lower-case names; texts, or what they stand for.

        Raises:
            NetlistError: for a word without an ``=``, or a name that is there twice.
        """
        if self.given is not None:
            return self.given
        try:
            words, assigned = assignments(tokens(self.line.text)[3:])
        except NetlistError as error:
            raise error.at(self.line.number, self.line.text, self.line.file) from None
        if words:
            raise self.line.error(f".model {self.name}: unknown parameter {words[0]!r}")
        return tuple(assigned.items())


def parse_model(line: Line) -> ModelCard:
    """A ``.model NAME KIND(NAME=VALUE ...)`` line; libraries have many that nothing uses."""
    try:
        words = tokens(line.text)[1:3]
    except NetlistError as error:
        raise error.at(line.number, line.text, line.file) from None
    if len(words) < 2 or "=" in words:
        raise line.error(".model needs a name and a kind: .model NAME D(IS=... N=...)")
    return ModelCard(words[0], words[1].upper(), line)


def model_parameters(
    card: ModelCard,
    device: ModelDevice,
    functions: Mapping[str, Macro] | None = None,
    *,
    note: Callable[[Line, str], None],
) -> dict[str, Value]:
    """The parameters of a card that are modelled here, defaults filled in, in a fixed order.

    Args:
        card: as written.
        device: that it is a model of.
        functions: that its expressions may call.
        note: hears of parameters that are passed over.

    Raises:
        NetlistError: for one that would change the answer and that this library does not model.
    """
    names = {parameter.name: parameter.name for parameter in device.parameters}
    names |= {other: parameter.name for parameter in device.parameters for other in parameter.other_names}
    assigned: dict[str, Value] = {}
    others: list[tuple[str, Value]] = []
    passed_over = []
    for key, text in card.assigned():
        name = names.get(key.upper())
        place = f".model {card.name}: {key.upper()}"
        if name is None and not device.knows(key):
            if key not in _DATA_SHEET | _OTHER_TEMPERATURES:
                passed_over.append(key.upper())
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
    if passed_over:
        note(
            card.line, f".model {card.name}: {', '.join(passed_over)} passed over: a {card.kind} has no such parameter"
        )
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
