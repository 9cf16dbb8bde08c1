"""Subcircuits put in the place of their instances, named as ngspice names them: "R.X1.R1", node "X1.n"."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

from circuitnn.circuit.blocks import Block
from circuitnn.circuit.clamps import parse_clamps
from circuitnn.circuit.components import GROUND
from circuitnn.circuit.ideal_diode import as_source, is_ideal
from circuitnn.circuit.instances import Instance
from circuitnn.circuit.lines import Line
from circuitnn.circuit.models import ModelCard
from circuitnn.circuit.ordering import Assigned, ordered
from circuitnn.circuit.parsed import Element
from circuitnn.circuit.passives import with_model
from circuitnn.circuit.standard import standard_part
from circuitnn.circuit.switches import as_resistance
from circuitnn.circuit.temperatures import GLOBAL
from circuitnn.circuit.values import parse_parameter
from circuitnn.circuit.waveforms import with_arguments
from circuitnn.circuit.work import Work
from circuitnn.devices.device import Passive
from circuitnn.devices.diode import DIODE
from circuitnn.devices.temperature import NOMINAL
from circuitnn.expressions.composed import drawn, is_random
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import check_extent
from circuitnn.expressions.powers import signed_as_in_parameters
from circuitnn.expressions.tree import (
    Current,
    Expression,
    Name,
    Negative,
    Number,
    Voltage,
    extent,
    number,
    substitute,
)
from circuitnn.expressions.values import Value, folded

MAX_NESTING = 20  # of subcircuits

_UNKNOWN = {
    name: f"{name} is not supported in expressions: the circuit does not depend on the frequency"
    for name in ("hertz", "freq")
} | {"time": "time is known to B, E and G sources and to R, C and L given by expressions alone, and to no parameter"}


@final
@dataclass(frozen=True)
class Flat:
    """An element of the flattened netlist, and where it stands."""

    element: Element
    line: Line
    model: "tuple[ModelCard, Scope] | None" = None


class Scope:
    """One instance of a block: what names and nodes mean in it. The netlist itself is the outermost one.

    A parameter is looked up here, then in what the instance stands in (as in ngspice); a model or a subcircuit here,
    then around the definition.
    """

    def __init__(self, block: Block, work: Work, *, prefix: str = "", caller: "Scope | None" = None):
        self.block = block
        self.work = work
        self.prefix = prefix  # "X1.X2."
        self.caller = caller
        self.definer: Scope | None = None
        self.top: Scope = caller.top if caller else self
        self.depth: int = caller.depth + 1 if caller else 0
        self.nodes: dict[str, str] = {}
        self.values: dict[str, Value] = {}
        self.standard: dict[str, Scope] = {}  # of the outermost one: this library's own parts in use, by their lines

    def flatten(self) -> Iterator[Flat]:
        """The elements, those of instances in their place."""
        if self.caller is None:
            with self.block.journal.gathering():
                self.temperatures  # what is none is told also where nothing depends on it  # noqa: B018
        for line in self.block.contents.clamps:
            with self.block.journal.gathering():
                clamps = parse_clamps(line, self.block.functions(line))
                self.work.clamps += [clamp.inside(self) for clamp in clamps]
        for line, statement in self.block.statements:
            self.work.spend(line)
            if isinstance(statement, Instance):
                with self.block.journal.gathering():
                    inner = self._inner(statement)
                    yield from inner.flatten()
                continue
            for element in statement:
                with self.block.journal.gathering():
                    yield self._flat(element, line)

    def _inner(self, instance: Instance) -> "Scope":
        line = instance.line
        definer, block = self._subcircuit(instance)
        nodes = instance.nodes
        if len(block.ports) - len(block.optional) <= len(nodes) < len(block.ports):
            nodes += block.optional[len(nodes) - len(block.ports) :]
        if len(nodes) != len(block.ports):
            raise line.error(
                f"{instance.name} has {len(instance.nodes)} nodes; the .subckt {block.name} has {len(block.ports)}: "
                + " ".join(block.ports)
            )
        if self.depth >= MAX_NESTING:
            self.work.end(line, f"subcircuits more than {MAX_NESTING} deep; does {block.name} contain itself?")
        of_instance = {name: self.value(value, line) for name, value in instance.assigned.items()}
        block = block.of_instance(of_instance)
        inner = Scope(block, self.work, prefix=f"{self.prefix}{instance.name}.", caller=self)
        inner.definer = definer
        self.work.spend(line, 1 + len(block.lines))
        outside = [self.node(name) for name in nodes]
        for port, name in zip(block.ports, outside, strict=True):
            if port.lower() in (GROUND, "gnd") and name != GROUND:
                message = f"the node {port} of the .subckt {block.name} is ground inside it, and not the node {name}"
                self.block.journal.note(line, message)
        inner.nodes = dict(reversed([*zip((port.lower() for port in block.ports), outside, strict=True)]))
        inner.values = inner.local_values(of_instance, line)
        return inner

    def _subcircuit(self, instance: Instance) -> "tuple[Scope, Block]":
        scope: Scope | None = self
        while scope is not None:
            block = scope.block.contents.blocks.get(instance.subcircuit.lower())
            if block is not None:
                return scope, block
            scope = scope.definer
        library = self._library(instance.subcircuit, instance.line, ".subckt")
        if library is not None:
            own = next(iter(library.block.contents.blocks.values()))
            may_be_meant = len(own.ports) == len(instance.nodes) or not self.block.journal.hint  # no file is missing
            if may_be_meant:
                return library, own
        names = ", ".join(block.name for block in list(self.top.block.contents.blocks.values())[:20]) or "none"
        raise self.block.journal.cause(instance.subcircuit) or instance.line.error(
            f"{instance.name} refers to the .subckt {instance.subcircuit}, which is missing; "
            f"there are: {names}{self.block.journal.hint}"
        )

    def local_values(self, of_instance: Mapping[str, Value], line: Line) -> dict[str, Value]:
        """The parameters of an instance: those given, the defaults of the others, and its ``.param``."""
        block = self.block
        local: dict[str, Assigned] = {}
        place = block.line or line
        for name, text in block.defaults.items():
            try:
                local[name] = (name, parse_parameter(text, block.functions(place)), place)
            except NetlistError as error:
                raise NetlistError(f".subckt {block.name}: {error}", place.number, place.text, place.file) from None
        for name, entry in block.parameters.items():
            # In LTspice's way a .param is the default of what the X line may set; the line of the .subckt goes before.
            local.setdefault(name, entry)
        unused = [name for name in of_instance if name not in local and name not in block.words]
        if unused:
            message = f"the .subckt {block.name} has no parameter {', '.join(unused)}: passed over"
            block.journal.note(line, message)
        self.values = dict(of_instance)
        local = {name: entry for name, entry in local.items() if name not in of_instance}
        for key in ordered(local, block.journal):
            _, value, at_line = local[key]
            self.values[key] = self.value(value, at_line)
        return self.values

    def value(self, value: Value, line: Line) -> Value:
        """A value with the parameters of instances put in: a number, or an expression of the netlist's ``.param``."""
        if isinstance(value, float):
            return value
        try:
            return folded(self._substituted(value, line, lambda leaf: self._parameter(leaf, line)))
        except NetlistError as error:
            raise error.at(line.number, line.text, line.file) from None

    def _substituted(self, tree: Expression, line: Line, replacement: Callable[[Expression], Expression]) -> Expression:
        replaced = substitute(drawn(tree, self.work.draws) if is_random(tree) else tree, replacement)
        self.work.spend(line, extent(replaced)[1])
        check_extent(replaced)
        return replaced

    def _is_parameter(self, name: str) -> bool:
        scope: Scope = self
        while scope.caller is not None and name.lower() not in scope.values:
            scope = scope.caller
        return name.lower() in {*scope.values, *scope.block.parameters, "pi", *GLOBAL}

    def _parameter(self, leaf: Expression, line: Line) -> Expression:
        if not isinstance(leaf, Name):
            return leaf
        key = leaf.name.lower()
        scope: Scope = self
        while scope.caller is not None:
            if key in scope.values:
                value = scope.values[key]
                return number(value) if isinstance(value, float) else value
            scope = scope.caller
        if key in scope.block.parameters:
            return Name(scope.block.parameters[key][0])
        if key == "pi":
            return Number(math.pi)
        if key in GLOBAL:
            temperature = scope.temperatures[GLOBAL[key]]
            return number(temperature) if isinstance(temperature, float) else temperature
        names = ", ".join([name for name, _, _ in list(scope.block.parameters.values())[:20]]) or "none"
        raise self.block.journal.cause(leaf.name) or line.error(
            _UNKNOWN.get(key) or f"unknown parameter {leaf.name}; the .param are {names}{self.block.journal.hint}"
        )

    @cached_property
    def temperatures(self) -> dict[str, Value]:
        """Of the circuit, in the outermost scope: TEMP and TNOM in degrees Celsius."""
        stated = self.block.contents.settings
        names = dict.fromkeys(GLOBAL.values())
        return {name: self.value(*stated[name]) if name in stated else NOMINAL for name in names}

    def node(self, name: str) -> str:
        """The name of a node in the flattened netlist."""
        key = name.lower()
        if name == GROUND or not self.prefix or key in self.top.block.contents.global_nodes or key.startswith("$g_"):
            return name
        return self.nodes.get(key) or f"{self.prefix}{name}"

    def name(self, name: str) -> str:
        """The name of an element in the flattened netlist."""
        return f"{name[0]}.{self.prefix}{name}" if self.prefix else name

    def _flat(self, element: Element, line: Line) -> Flat:
        if isinstance(element.component.device, Passive):
            element = self._by_model(element, line)
        if element.component.model is not None and element.component.device is DIODE:
            card, scope = self._model(element.component.name, element.component.model, line)
            element = as_source(element, card, scope.block.functions(card.line)) if is_ideal(card) else element
        if element.component.model is not None and element.component.is_behavioural:
            card, scope = self._model(element.stands_for or "", element.component.model, line)
            element = as_resistance(element, card, scope.block.functions(card.line), self.block.journal.note)
        part = element.component
        fields: dict[str, Any] = {
            "name": self.name(part.name),
            "nodes": tuple(self.node(name) for name in part.nodes),
            "couples": tuple(self.name(name) for name in part.couples),
            "sense": None if part.sense is None else self.name(part.sense),
        }
        number = element.number
        if part.is_behavioural:
            fields["value"] = self._behaviour(part.value, line)  # type: ignore[arg-type]
        elif part.value is not None:
            value = self.value(part.value, line)
            number, fields["value"] = (value, None) if isinstance(value, float) else (None, value)
        model = None if part.model is None else self._model(part.name, part.model, line)
        if model is not None:
            fields |= {"model": model[1].prefix + model[0].name, "model_kind": model[0].kind}
        component = dataclasses.replace(part, **fields)
        waveform = element.waveform and with_arguments(element.waveform, lambda tree: self.value(tree, line))
        stands_for = element.stands_for and self.name(element.stands_for)
        temperature = None if element.temperature is None else self.value(element.temperature, line)
        start = None if element.start is None else self.value(element.start, line)
        changes: dict[str, Any] = {
            "start": start,
            "number": number,
            "waveform": waveform,
            "stands_for": stands_for,
            "temperature": temperature,
            "numbers": {key: self.value(value, line) for key, value in (element.numbers or {}).items()},
        }
        return Flat(dataclasses.replace(element, component=component, **changes), line, model)

    def _by_model(self, element: Element, line: Line) -> Element:
        """A resistor, capacitor or inductor with the number that its model gives it, where it has one."""
        part, terms = element.component, element.terms
        bare = terms.number if terms is not None and part.model is None else None
        if isinstance(bare, Name) and not self._is_parameter(bare.name) and self._card(bare.name):
            part = dataclasses.replace(part, model=bare.name)
            element = dataclasses.replace(element, component=part, terms=dataclasses.replace(terms, number=None))
        if part.model is None:
            return element
        if self._card(part.model) is None:
            self.block.journal.note(line, f"{part.name}: its model {part.model} is missing and passed over")
            return dataclasses.replace(element, component=dataclasses.replace(part, model=None))
        card, scope = self._model(part.name, part.model, line)
        try:
            return with_model(element, card, scope.block.functions(card.line), self.block.journal.note)
        except NetlistError as error:
            raise error.at(line.number, line.text, line.file) from None

    def _behaviour(self, tree: Expression, line: Line) -> Expression:
        def replacement(leaf: Expression) -> Expression:
            match leaf:
                case Voltage(plus, minus):
                    plus, minus = self.node(plus), self.node(minus)
                    if plus.lower() == minus.lower():
                        return Number(0.0)
                    return Negative(Voltage(minus)) if plus == GROUND else Voltage(plus, minus)
                case Current(source):
                    return Current(self.name(source))
            replaced = self._parameter(leaf, line)
            return replaced if isinstance(replaced, Name) else signed_as_in_parameters(replaced)

        try:
            return self._substituted(tree, line, replacement)
        except NetlistError as error:
            raise error.at(line.number, line.text, line.file) from None

    def _card(self, name: str) -> "tuple[ModelCard, Scope] | None":
        """A ``.model`` as written, and the scope that it stands in."""
        scope: Scope | None = self
        while scope is not None:
            card = scope.block.contents.cards.get(name.lower())
            if card is not None:
                return card, scope
            scope = scope.definer
        return None

    def _model(self, owner: str, name: str, line: Line, depth: int = 0) -> "tuple[ModelCard, Scope]":
        located = self._card(name)
        if located is not None:
            card, scope = located
            if card.base:
                if depth >= MAX_NESTING:
                    raise card.line.error(f".model {card.name}: models that are of each other (AKO) in a circle")
                card = card.on(scope._model(card.name, card.base, card.line, depth + 1)[0])
            return card, scope
        library = self._library(name, line, ".model")
        if library is not None:
            return dataclasses.replace(next(iter(library.block.contents.cards.values())), name=name), library
        names = ", ".join(card.name for card in list(self.top.block.contents.cards.values())[:20]) or "none"
        raise self.block.journal.cause(name) or line.error(
            f"{owner} refers to the .model {name}, which is missing; there are: {names}{self.block.journal.hint}"
        )

    def _library(self, name: str, line: Line, directive: str) -> "Scope | None":
        """This library's own part of a name that the netlist does not define."""
        journal = self.block.journal
        if journal.cause(name) or journal.is_unread or (part := standard_part(name, directive=directive)) is None:
            return None
        library, key = self.top.standard, part.lines[0].text
        if name.lower() not in library:
            journal.note(line, part.message(name))
            journal.is_answered = True
            if key not in library:
                library[key] = Scope(Block(list(part.lines), journal=self.top.block.journal), self.work)
            library[name.lower()] = library[key]  # a part by two names is told for both
        return library[key]
