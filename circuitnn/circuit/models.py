"""``.model`` cards: from their text to the parameters that are modelled here."""

from collections.abc import Mapping
from dataclasses import dataclass

from circuitnn.circuit.lines import Line
from circuitnn.circuit.rules import MODEL_KINDS, Kind
from circuitnn.circuit.values import Value, assignments, parse_value, tokens
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


def model_parameters(card: ModelCard, functions: Mapping[str, Macro] | None = None) -> dict[str, Value]:
    """The parameters of a card that are modelled here, defaults filled in, in a fixed order.

    Raises:
        NetlistError: for one that would change the answer and that this library does not model.
    """
    kind = MODEL_KINDS[card.kind]
    known = [*kind.always, *kind.optional, *(name for _, group in kind.joint for name in group)]
    given: dict[str, Value] = {}
    others: list[tuple[str, Value]] = []
    if card.extra:
        raise card.line.error(f".model {card.name}: unknown parameter {card.extra[0]!r}")
    for key, text in card.assigned:
        name = kind.other_names.get(key.upper(), key.upper())
        where = f".model {card.name}: {key.upper()}"
        if key in _DATA_SHEET | _OTHER_TEMPERATURES:
            continue
        try:
            value = parse_value(text, functions) if isinstance(text, str) else text
        except NetlistError as error:
            raise NetlistError(f"{where}: {error}", card.line.number, card.line.text, card.line.file) from None
        if name not in known:
            others.append((key, value))
        elif name in given:
            raise card.line.error(f"{where} is given twice")
        else:
            given[name] = value
    for key, value in others:
        _check_harmless(card, kind, key, value, given)
    return _chosen(kind, given)


def _check_harmless(card: ModelCard, kind: Kind, key: str, value: Value, given: dict[str, Value]) -> None:
    where = f".model {card.name}: {key.upper()}"
    if key == "xcjc" and given.get("RB", 0.0) == 0.0:
        return  # both ends of RB are one node
    if key == "rbm" and given.get("RB") == value:
        return
    hint = kind.hints.get(key.upper(), "")
    if key not in kind.harmless:
        names = ", ".join((*kind.always, *kind.optional, *(name for _, group in kind.joint for name in group)))
        raise card.line.error(f"{where} is not supported; {hint or f'a {card.kind} here has {names}'}")
    needed = kind.harmless[key]
    if needed is not None and value != needed:
        raise card.line.error(f"{where} must be {needed:g}" + (f" ({hint})" if hint else ""))


def _chosen(kind: Kind, given: dict[str, Value]) -> dict[str, Value]:
    found = {name: given.get(name, default) for name, default in kind.always.items()}
    found |= {name: given[name] for name in kind.optional if given.get(name, 0.0) != 0.0}
    for triggers, group in kind.joint:
        if any(given.get(name, 0.0) != 0.0 for name in triggers):
            found |= {name: given.get(name, default) for name, default in group.items()}
    return found
