"""Lines of R, C and L: the number, temperature coefficients and geometry, on the line or by a ``.model``."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from circuitnn.circuit.elements import megohms, microfarads, multiplicity
from circuitnn.circuit.lines import Line
from circuitnn.circuit.models import ModelCard
from circuitnn.circuit.parasitics import parasitics
from circuitnn.circuit.parsed import Element, element
from circuitnn.circuit.temperatures import TNOM, growth, temperature_of
from circuitnn.circuit.values import assignments, is_value, parse_value
from circuitnn.devices.device import Passive
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.numbers import UNSIGNED
from circuitnn.expressions.parser import Functions
from circuitnn.expressions.values import Value, combined

KINDS = {"R": ("R", "RES"), "C": ("C", "CAP"), "L": ("L", "IND")}  # of models, by the letter of the parts
_RATINGS = {"tol", "pwr", "v", "irms", "ipk", "mfg", "pn", "type", "pppkg", "rated"}  # LTspice's notes on parts
_SILENT = {"noisy", "noise", "noiseless", "bv_max"}
_ON_LINE = {"tc1", "tc2", "tce", "scale", "l", "w"}
_IN_MODEL = {
    "R": {"R": "MULTIPLIER", "RES": "MULTIPLIER", "TC1R": "TC1", "TC2R": "TC2", "DW": "NARROW", "DLR": "SHORT"},
    "C": {"C": "MULTIPLIER", "COX": "CJ", "CAPSW": "CJSW"} | {name: name for name in ("CAP", "CJ", "CJSW", "DEFL")},
    "L": {"L": "MULTIPLIER", "IND": "IND"},
}
_DEFAULT = {"R": "MULTIPLIER", "C": "CAP", "L": "IND"}  # of the model, the number of a part whose line has none
_COMMON = ("TC1", "TC2", "TCE", "TNOM", "RSH", "NARROW", "SHORT", "DEFW")
_HARMLESS = {"KF", "AF", "LF", "WF", "EF", "BV_MAX", "LEVEL"}  # of noise, and limits that nothing looks at

_SPAN = re.compile(rf"{UNSIGNED}(-{UNSIGNED})")  # 1-3k, as people write from 1k to 3k


@dataclass(frozen=True)
class PassiveTerms:
    """What a line says of a part, before its model is known.

    Attributes:
        number: of it; None where the model has it.
        stated: other parameters by name, in capitals.
        count: how many there are in parallel.
        temperature: of the part, degrees Celsius; None where it is as warm as the circuit.
    """

    number: Value | None
    stated: Mapping[str, Value]
    count: Value
    temperature: Value | None


def passive(
    line: Line, device: Passive, name: str, nodes: tuple[str, ...], rest: list[str], functions: Functions
) -> list[Element]:
    """R, C, L: one value, maybe as ``R=``, maybe a model; LTspice's parasitics around it."""
    words, assigned = assignments(_with_two_coefficients(rest))
    words = [word for word in words if word.lower() not in _SILENT]
    words = words + [assigned.pop(key) for key in (device.letter.lower(), device.quantity) if key in assigned]
    start = parse_value(assigned.pop("ic"), functions) if device.state and "ic" in assigned else None
    nodes, around = parasitics(line, name, nodes, assigned if device.state else {}, functions)
    count = multiplicity(assigned, functions)
    temperature = temperature_of(assigned, functions)
    stated = {key.upper(): parse_value(assigned.pop(key), functions) for key in _ON_LINE & assigned.keys()}
    unknown = [key for key in assigned if key not in _RATINGS | _SILENT]
    if unknown:
        raise NetlistError(f"{name}: unknown parameter {unknown[0].upper()}")
    model = None
    if len(words) == 2 and is_value(words[0]) != is_value(words[1]):
        words.sort(key=is_value)
        model, *words = words
    if len(words) != 1:
        raise NetlistError(f"{name} needs one {device.quantity} after its two nodes, got {' '.join(words) or 'none'}")
    spans = None if is_value(words[0]) else _SPAN.fullmatch(words[0])
    last = spans[1] if spans else words[0]  # as ngspice takes it
    terms = PassiveTerms(parse_value(last, functions), stated, count, temperature)
    own = element(line, name, device.letter, nodes, number_of(device, terms, {}), model=model)
    notes = megohms(name, words[0]) if not device.state else ()
    notes += microfarads(name, words[0]) if device.state == "V" else ()
    notes += (
        (f"{name}: {words[0]} is no number; ngspice takes the last part, {last}, and so it is here",) if spans else ()
    )
    return [dataclasses.replace(own, notes=notes, terms=terms, start=start), *around]


def _with_two_coefficients(words: list[str]) -> list[str]:
    """The words with ``TC=`` and its one or two numbers, also without the sign, as TC1= and TC2=."""
    lowered = [word.lower() for word in words]
    start = lowered.index("tc") if "tc" in lowered else len(words)
    if words[start + 1 : start + 2] != ["="]:
        if not (start + 1 < len(words) and is_value(words[start + 1])):
            return words
        words = [*words[: start + 1], "=", *words[start + 1 :]]
    end, has_second = start + 3, False
    if end < len(words) and is_value(words[end]) and words[end + 1 : end + 2] != ["="]:
        end, has_second = end + 1, True
    second = ["tc2", "=", words[end - 1]] if has_second else []
    return [*words[:start], "tc1", *words[start + 1 : start + 3], *second, *words[end:]]


def number_of(device: Passive, terms: PassiveTerms, of_model: Mapping[str, Value]) -> Value:
    """The number of a part at its temperature, from its line and its model (ngspice manual, 3.3).

    Raises:
        NetlistError: where neither says what it is, or its geometry depends on something.
    """
    p = {**of_model, **terms.stated}
    if terms.number is None:
        number = p[_DEFAULT[device.letter]] if _DEFAULT[device.letter] in p else _by_geometry(device, p)
    else:
        number = combined("*", terms.number, p.get("MULTIPLIER", 1.0))
    number = combined("*", number, p.get("SCALE", 1.0))
    number = combined("*" if device.state == "V" else "/", number, terms.count)
    return combined("*", number, growth(p, terms.temperature, p.get("TNOM", TNOM)))


def _by_geometry(device: Passive, p: Mapping[str, Value]) -> Value:
    """The number of a part of a length and a width, between which the model says what there is."""
    if device.letter == "L" or not {"RSH", "CJ", "CJSW"} & p.keys():
        raise NetlistError(f"neither the line nor the model says what the {device.quantity} is")
    stated = {name: p.get(name, 0.0) for name in ("NARROW", "SHORT", "RSH", "CJ", "CJSW")}
    stated |= {"W": p.get("W", p.get("DEFW", 1e-5)), "L": p.get("L", p.get("DEFL", 1e-5 * (device.letter == "R")))}
    n = {name: value for name, value in stated.items() if isinstance(value, float)}
    if len(n) < len(stated):
        raise NetlistError("a length, a width and what counts with them in a model are numbers")
    if device.letter == "R":
        return n["RSH"] * (n["L"] - 2 * n["SHORT"]) / (n["W"] - 2 * n["NARROW"])
    length, width = n["L"] - n["SHORT"], n["W"] - n["NARROW"]
    return n["CJ"] * length * width + n["CJSW"] * 2 * (length + width)


def with_model(element: Element, card: ModelCard, functions: Functions, note: Callable[[Line, str], None]) -> Element:
    """The element with the number that its model gives it, and without the model.

    Raises:
        NetlistError: where the model is of another kind, or a value is none.
    """
    device, terms = element.component.device, element.terms
    assert isinstance(device, Passive)
    assert isinstance(terms, PassiveTerms)
    value = number_of(device, terms, model_terms(card, device, functions, note))
    number, expression = (value, None) if isinstance(value, float) else (None, value)
    component = dataclasses.replace(element.component, model=None, value=expression)
    return dataclasses.replace(element, component=component, number=number)


def model_terms(
    card: ModelCard, device: Passive, functions: Functions, note: Callable[[Line, str], None]
) -> dict[str, Value]:
    """What a model says of a part, by the names of `number_of`.

    Raises:
        NetlistError: where it is of another kind, or a value is none.
    """
    if card.kind not in KINDS[device.letter]:
        kinds = " or ".join(KINDS[device.letter])
        raise card.line.error(f".model {card.name} is of kind {card.kind}; a {device.word} needs {kinds}")
    names = {name: name for name in _COMMON} | {"T_MEASURED": "TNOM", "TREF": "TNOM"} | _IN_MODEL[device.letter]
    terms, passed_over = {}, []
    for key, text in card.assigned(note):
        name = names.get(key.upper())
        if name is None and key.upper() not in _HARMLESS:
            passed_over.append(key.upper())
        elif name is not None:
            terms[name] = parse_value(text, functions) if isinstance(text, str) else text
    if passed_over:
        note(card.line, f".model {card.name}: {', '.join(passed_over)} passed over, as ngspice does")
    return terms
