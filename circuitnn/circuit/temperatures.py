"""Temperatures of a netlist: ``.temp``, ``.options temp= tnom=``, TEMP= and DTEMP= of a part, T_ABS of a model."""

from collections.abc import Callable, Mapping

from circuitnn.circuit.lines import Line
from circuitnn.circuit.values import parse_value, tokens
from circuitnn.devices.temperature import NOMINAL
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions
from circuitnn.expressions.tree import Call, Name
from circuitnn.expressions.values import Value, combined, tree_of

TEMPER = Name("temper")  # of the whole circuit
TNOM = Name("tnom of the circuit")  # no name that a netlist can have: where models were measured
GLOBAL = {"temper": "temp", "temp": "temp", TNOM.name: "tnom"}  # names in expressions, and the settings that they are


def settings_of(line: Line, note: Callable[[Line, str], None]) -> dict[str, tuple[Value, Line]]:
    """What a ``.temp`` or ``.options`` line sets of TEMP and TNOM.

    Raises:
        NetlistError: for what is no temperature.
    """
    try:
        directive, *words = tokens(line.text)
        if directive.lower() == ".temp":
            words = [word for word in words if word != "="]
            if not words:
                raise NetlistError(".temp needs a temperature in degrees Celsius")
            if len(words) > 1:
                note(line, f"of several temperatures the first one counts, {words[0]}")
            return {"temp": (parse_value(words[0]), line)}
        named = {}
        for at, name in enumerate(word.lower() for word in words):
            if name not in ("temp", "tnom") or words[at - 1 : at] == ["="]:
                continue
            sign, text, following = (*words[at + 1 : at + 4], "", "", "")[:3]
            if sign != "=" or not text or following == "=":
                raise NetlistError(f"{directive} {name}= needs a temperature in degrees Celsius")
            named[name] = (parse_value(text), line)
        return named
    except NetlistError as error:
        raise error.at(line.number, line.text, line.file) from None


def temperature_of(assigned: dict[str, str], functions: Functions) -> Value | None:
    """TEMP= and DTEMP= of a part, taken out of what is assigned; None where it is as warm as the circuit."""
    own, more = (assigned.pop(key, None) for key in ("temp", "dtemp"))
    if own is not None:
        return parse_value(own, functions)
    return None if more is None else combined("+", TEMPER, parse_value(more, functions))


def growth(stated: Mapping[str, Value], temperature: Value | None, nominal: Value = TNOM) -> Value:
    """What multiplies a number at its temperature: 1 + TC1 dT + TC2 dT^2, or 1.01^(TCE dT) (ngspice manual, 3.3).

    Args:
        stated: parameters by name in capitals, those three among them.
        temperature: of the part, degrees Celsius; None where it is as warm as the circuit.
        nominal: at which it has its number.
    """
    linear, square = stated.get("TC1", 0.0), stated.get("TC2", 0.0)
    if "TCE" not in stated and linear == 0.0 == square:
        return 1.0
    difference = combined("-", TEMPER if temperature is None else temperature, nominal)
    if "TCE" in stated:
        return Call("pow", (tree_of(1.01), tree_of(combined("*", stated["TCE"], difference))))
    slope = linear if square == 0.0 else combined("+", combined("*", square, difference), linear)
    return combined("+", combined("*", slope, difference), 1.0)


def in_model(stated: dict[str, Value], temperature: Value, nominal: Value) -> dict[str, Value]:
    """The parameters of a model with TEMP and TNOM, or without either where both are 27 degrees.

    Args:
        stated: parameters by name, which may have TNOM, and PSpice's T_ABS and T_REL_GLOBAL.
        temperature: of the part.
        nominal: of the circuit.
    """
    others = dict(stated)
    absolute, more = others.pop("T_ABS", None), others.pop("T_REL_GLOBAL", 0.0)
    temperature = combined("+", temperature, more) if absolute is None else absolute
    nominal = others.pop("TNOM", nominal)
    return others if temperature == NOMINAL == nominal else {**others, "TEMP": temperature, "TNOM": nominal}
