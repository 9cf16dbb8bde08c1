"""``.model`` cards: from their text to the parameters that are modelled here."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from circuitnn.circuit.components import Component
from circuitnn.circuit.lines import Line
from circuitnn.circuit.temperatures import in_model
from circuitnn.circuit.values import assignments, is_value, parse_value, tokens
from circuitnn.devices.device import ModelDevice
from circuitnn.devices.registry import devices_of, model_device
from circuitnn.devices.temperature import NOMINAL
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions
from circuitnn.expressions.values import Value, combined

_DATA_SHEET = {"mfg", "type", "iave", "vpk", "irms", "vceo", "icrating", "vds", "vgs"}  # LTspice's notes
_SAME_KINDS = {"LPNP": "PNP"}  # of other programs: a lateral one is what a PNP is in SPICE
_OTHER_TEMPERATURES = {"eg", "xti", "xtb", "kf", "af", "betatce", "vtotc", "tcv", "trs1", "trs2"}


@dataclass(frozen=True)
class ModelCard:
    """A ``.model`` as written; what its parameters mean is looked at once a component uses it."""

    name: str
    kind: str
    line: Line
    given: tuple[tuple[str, Value], ...] | None = None  # where no text says it: by lower-case names
    words: tuple[str, ...] = ()  # after the kind
    base: str = ""  # the model that it is a kind of (AKO)
    inherited: tuple[str, ...] = ()  # the words of that one

    def on(self, base: "ModelCard") -> "ModelCard":
        """The card with all that the other one says, where it does not say otherwise."""
        inherited = (*base.inherited, *base.words)
        return dataclasses.replace(self, kind=self.kind or base.kind, base="", inherited=inherited)

    def assigned(self, note: Callable[[Line, str], None]) -> tuple[tuple[str, str | Value], ...]:
        """Its parameters by lower-case names; texts, or what they stand for.

        Raises:
            NetlistError: for an ``=`` without a name or a value.
        """
        if self.given is not None:
            return self.given
        place = f".model {self.name}"
        try:
            _, inherited = assignments(_with_signs(self.inherited), lambda message: None)
            words, assigned = assignments(
                _with_signs(self.words), lambda message: note(self.line, f"{place}: {message}")
            )
        except NetlistError as error:
            raise error.at(self.line.number, self.line.text, self.line.file) from None
        if words:
            note(self.line, f"{place}: {' '.join(words)} passed over")
        return tuple({**inherited, **assigned}.items())


def _with_signs(words: Sequence[str]) -> list[str]:
    """The words with the ``=`` that may be left out between a name and a number: ``D(IS 1n N 1.7)``."""
    signed: list[str] = []
    for at, word in enumerate(words):
        signed.append(word)
        is_name = word.isidentifier() and words[at - 1 : at] not in (["="], ("=",))
        if is_name and at + 1 < len(words) and is_value(words[at + 1]):
            signed.append("=")
    return signed


def parse_model(line: Line) -> ModelCard:
    """A ``.model NAME KIND(NAME=VALUE ...)`` line, or ``.model NAME AKO:OTHER [KIND](...)``, a kind of another one.

    Libraries have many that nothing uses: what is wrong with one is told when something does.
    """
    try:
        _, name, kind, *words = (*tokens(line.text), "", "")
    except NetlistError as error:
        raise error.at(line.number, line.text, line.file) from None
    words, base = [word for word in words if word], ""
    if kind.lower().startswith("ako:"):
        base = kind[4:] or (words.pop(0) if words else "")
        kind = words.pop(0) if words and words[1:2] != ["="] else ""
    if not name or "=" in (name, kind) or not (kind or base):
        raise line.error(".model needs a name and a kind: .model NAME D(IS=... N=...)")
    kind = _SAME_KINDS.get(kind.upper(), kind.upper())
    device = model_device(kind)
    for as_kind, (spelled, word) in device.spelled.items() if device else ():
        if kind == spelled and word in [other.lower() for other in words]:
            kind, words = as_kind, [other for other in words if other.lower() != word]
    return ModelCard(name, kind, line, words=tuple(words), base=base)


def device_with(card: ModelCard, part: Component, line: Line) -> ModelDevice:
    """What a part with this model is.

    Raises:
        NetlistError: for a model of a kind that no device of its letter has.
    """
    records = [record for record in devices_of(part.kind) if isinstance(record, ModelDevice)]
    device = next((record for record in records if card.kind in record.kinds), None)
    if device is None:
        words = " or ".join(record.word for record in records)
        kinds = " or ".join(kind for record in records for kind in record.kinds)
        stated = f"{card.name} is of kind {card.kind}"
        raise line.error(f"{part.name} is a {words} and needs a .model of kind {kinds}; {stated}")
    return device


def model_parameters(
    card: ModelCard,
    device: ModelDevice,
    functions: Functions | None = None,
    *,
    note: Callable[[Line, str], None],
    temperature: Value = NOMINAL,
    nominal: Value = NOMINAL,
    on_line: Mapping[str, Value] | None = None,
) -> dict[str, Value]:
    """The parameters of a card that are modelled here, defaults filled in, in a fixed order.

    Args:
        card: as written.
        device: that it is a model of.
        functions: that its expressions may call.
        note: hears of parameters that are passed over.
        temperature: of the part, degrees Celsius.
        nominal: at which parameters were measured where the card does not say it.
        on_line: numbers on the line of the part, by name in capitals.

    Raises:
        NetlistError: for one that would change the answer and that this library does not model.
    """
    assigned = in_model(_stated(card, device, functions, note), temperature, nominal)
    if device.of_card is not None:
        try:
            say = lambda what: note(card.line, f".model {card.name}: {what}")  # noqa: E731
            sizes = {name: value for name, value in (on_line or {}).items() if name in device.line_numbers}
            assigned = device.of_card(assigned, sizes, device.kinds[card.kind], say)
        except ValueError as error:
            raise card.line.error(f".model {card.name}: {error}") from None
    assigned = _multiplied(assigned, device, on_line or {})
    if "TEMP" in assigned and device.at_temperature is None:
        message = f"a {device.word} is modelled at 27 C alone, and measured at 27 C"
        raise card.line.error(f".model {card.name}: {message}; leave temperatures out")
    for parameter in device.parameters:
        if parameter.default_of in assigned:
            assigned.setdefault(parameter.name, assigned[parameter.default_of])
    given = {name for name, value in assigned.items() if value != 0.0 or name == "TEMP"}
    if (on_line or {}).get("M", 1.0) != 1.0 and given.intersection(device.of_one):
        of_one = ", ".join(name for name in device.of_one if name in given)
        note(card.line, f".model {card.name}: {of_one} are of one device, whatever M is, as in ngspice; not in LTspice")
    there = [p for p in device.parameters if not p.when or given.intersection(p.when)]
    there = [p for p in there if not p.is_thermal or {p.name, "TEMP"} <= given]
    for parameter in there:
        name, other = parameter.name, device.of_ngspice.get(parameter.name)
        if other is not None and name not in assigned and card.line.dialect.name in ("ngspice", "KiCad"):
            assigned[name] = other
            of_others = f"PSpice and LTspice take {parameter.default:g}"
            note(card.line, f".model {card.name}: {name} is {other:g}, as ngspice has it; {of_others}")
    return {parameter.name: assigned.get(parameter.name, parameter.default) for parameter in there}


def _stated(
    card: ModelCard, device: ModelDevice, functions: Functions | None, note: Callable[[Line, str], None]
) -> dict[str, Value]:
    """What a card says of the parameters that are modelled, and of what counts with them, by their names."""
    names = {parameter.name: parameter.name for parameter in device.parameters}
    names |= {other: parameter.name for parameter in device.parameters for other in parameter.other_names}
    names |= {name: name for name in device.process}
    names |= {"TNOM": "TNOM", "TREF": "TNOM", "T_MEASURED": "TNOM", "T_ABS": "T_ABS", "T_REL_GLOBAL": "T_REL_GLOBAL"}
    assigned: dict[str, Value] = {}
    others: list[tuple[str, Value]] = []
    passed_over = []
    for key, text in card.assigned(note):
        name = names.get(key.upper())
        place = f".model {card.name}: {key.upper()}"
        if name is None and key in _DATA_SHEET | _OTHER_TEMPERATURES:
            continue
        if name is None and key in device.neglected:
            if text not in ("0", "0.0", 0.0):
                note(card.line, f"{place} passed over: {device.neglected[key]}")
            continue
        if name is None and not device.knows(key) and card.given is None:
            passed_over.append(key.upper())
            continue
        try:
            value = parse_value(text, functions) if isinstance(text, str) else text
        except NetlistError as error:
            raise NetlistError(f"{place}: {error}", card.line.number, card.line.text, card.line.file) from None
        if name is None:
            others.append((key, value))
        else:
            if name in assigned:
                note(card.line, f"{place} is given twice: the last one counts")
            assigned[name] = value
    if passed_over:
        note(
            card.line, f".model {card.name}: {', '.join(passed_over)} passed over: a {card.kind} has no such parameter"
        )
    for key, value in others:
        _check_harmless(card, device, key, value)
    return assigned


def _multiplied(assigned: dict[str, Value], device: ModelDevice, on_line: Mapping[str, Value]) -> dict[str, Value]:
    """The parameters of a card, those that are for each of many, or for a length, times the numbers on the line."""
    numbers = {name: on_line.get(name, assigned.get(name, default)) for name, default in device.line_numbers.items()}
    factors = {name for parameter in device.parameters for name in parameter.times}
    counted = {**assigned, **{name: 1.0 for name in factors.intersection(numbers) if numbers[name] != 0.0}}
    numbers["M"] = on_line.get("M", 1.0)
    for parameter in device.parameters:
        for name in parameter.times:
            value = counted.get(parameter.name, parameter.default)
            counted[parameter.name] = combined("*", value, numbers[name])
    return counted


def _check_harmless(card: ModelCard, device: ModelDevice, key: str, value: Value) -> None:
    place = f".model {card.name}: {key.upper()}"
    hint = device.hints.get(key.upper(), "")
    harmless = {**device.ALWAYS_HARMLESS, **device.harmless}
    if key not in harmless:
        names = ", ".join(parameter.name for parameter in device.parameters)
        raise card.line.error(f"{place} is not supported; {hint or f'a {card.kind} here has {names}'}")
    needed = harmless[key]
    if needed is not None and value != needed:
        raise card.line.error(f"{place} must be {needed:g}" + (f" ({hint})" if hint else ""))
