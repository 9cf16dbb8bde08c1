"""The lines of a netlist, or of one ``.subckt``, sorted by what they are; understood when they are first needed."""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from circuitnn.circuit.cards import is_function, parse_function, parse_parameters, skip_directive, stepped_parameters
from circuitnn.circuit.conditions import at_defaults, to_be_read
from circuitnn.circuit.controlled import parse_elements
from circuitnn.circuit.elements import megohms_of, node, words_of
from circuitnn.circuit.file_sources import file_source
from circuitnn.circuit.instances import Instance, headed, instance
from circuitnn.circuit.journal import Journal
from circuitnn.circuit.lines import Line
from circuitnn.circuit.models import ModelCard, parse_model
from circuitnn.circuit.ordering import Assigned
from circuitnn.circuit.parsed import Element
from circuitnn.circuit.potentiometers import Potentiometer, potentiometer
from circuitnn.circuit.recognition import guess, mil_in_braces
from circuitnn.circuit.standard import standard_part
from circuitnn.circuit.temperatures import settings_of
from circuitnn.circuit.values import assignments, parse_parameter
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions, Macro
from circuitnn.expressions.tree import Name
from circuitnn.expressions.values import Value

MAX_PARAMETERS = 1_000
MAX_DEPTH = 20  # of models that are of each other (AKO)


Statements = list[tuple[Line, list[Element] | Instance]]


class Block:
    """A netlist or a subcircuit.

    Attributes:
        name, ports, line: of a subcircuit, as written; the netlist has the name "".
        defaults: of a subcircuit, the texts of its parameters by name.
        outer: the block around it.
        optional: the nodes that the last ports are at where an instance does not name them (PSpice's OPTIONAL:).
        journal: what is told about all blocks of the netlist.
    """

    def __init__(
        self,
        lines: list[Line],
        *,
        name: str = "",
        ports: tuple[str, ...] = (),
        defaults: Mapping[str, str] | None = None,
        line: Line | None = None,
        outer: "Block | None" = None,
        journal: Journal | None = None,
    ):
        self.lines = lines
        self.name = name
        self.ports = ports
        self.defaults = dict(defaults or {})
        self.line = line
        self.outer = outer
        self.optional: tuple[str, ...] = ()
        self.stated: dict[str, Value] = {}
        self.journal: Journal = outer.journal if outer else journal or Journal()

    @classmethod
    def of(cls, statements: "Statements", parameters: "dict[str, Assigned]", contents: "Contents") -> "Block":
        """One that no text says: its statements, its ``.param`` by lower-case name, its models and subcircuits."""
        block = cls([])
        block.statements, block.parameters, block.contents = statements, parameters, contents
        return block

    @cached_property
    def contents(self) -> "Contents":
        """Its lines by kind.

        Raises:
            NetlistError: for a directive that is not known, a name twice, or a .subckt without .ends.
        """
        contents = Contents()
        rest = to_be_read(self.lines, lambda name: self._default(name, contents), self.journal)
        for line in rest:
            if line.word == ".end":
                break
            with self.journal.gathering():
                if line.word == ".subckt":
                    self._subcircuit(contents, line, rest)
                else:
                    self._take(contents, line.word, line)
        return contents

    def of_instance(self, stated: Mapping[str, Value]) -> "Block":
        """The block; where its lines depend on conditions, another one for which its parameters are what is stated."""
        if not any(line.word == ".if" for line in self.lines):
            return self
        block = Block(
            self.lines, name=self.name, ports=self.ports, defaults=self.defaults, line=self.line, outer=self.outer
        )
        block.optional = self.optional
        top = self
        while top.outer is not None:
            top = top.outer
        for name, value in stated.items():
            with contextlib.suppress(NetlistError):  # told where it is used
                block.stated[name] = at_defaults(value, lambda other: top._default(other, top.contents))
        return block

    def _default(self, name: str, contents: "Contents") -> Value | None:
        """The value of a parameter by lower-case name, before the circuit is known; of ``.param`` those read so far."""
        if name in self.stated:
            return self.stated[name]
        for known, text, line in reversed(contents.parameters):
            if known.lower() == name:
                return parse_parameter(text, Functions(dialect=line.dialect))
        if name in self.defaults:
            return parse_parameter(self.defaults[name])
        return self.outer._default(name, self.outer.contents) if self.outer else None

    def _subcircuit(self, contents: "Contents", line: Line, rest) -> None:
        depth, inner = 1, []
        for following in rest:
            word = following.word
            depth += (word == ".subckt") - (word == ".ends")
            if depth == 0:
                break
            if word == ".end":
                raise line.error(".subckt without .ends")
            inner.append(following)
        else:
            raise line.error(".subckt without .ends")
        block = _header(line, inner, self)
        self._first(contents.blocks, block.name, block, line)

    def _first(self, named: dict, name: str, found: object, line: Line) -> None:
        """Of two definitions of one name the first one counts, as in ngspice."""
        if name.lower() in named:
            message = f"{line.word} {name} is there already: the first one counts, this one is passed over"
            self.journal.note(line, message)
        else:
            named[name.lower()] = found

    def _take(self, contents: "Contents", word: str, line: Line) -> None:
        if word in (".func", ".function") or is_function(line):
            name, macro = parse_function(line)
            self._first(contents.functions, name, macro, line)
        elif word in (".param", ".params"):
            contents.parameters += [(name, text, line) for name, text in parse_parameters(line)]
            if message := mil_in_braces(line):
                self.journal.note(line, message)
            if len(contents.parameters) > MAX_PARAMETERS:
                raise line.error(f"more than {MAX_PARAMETERS} parameters")
        elif word == ".model":
            card = parse_model(line)
            self._first(contents.cards, card.name, card, line)
        elif word == ".global":
            contents.global_nodes |= {name.lower() for name in line.text.split()[1:]}
        elif word in (".temp", ".option", ".options"):
            settings = settings_of(line, self.journal.note)
            contents.settings |= settings
            if not settings:
                skip_directive(line, self.journal.note)
        elif word in (".ic", ".nodeset"):
            contents.clamps.append(line)
        elif word == ".title":
            contents.title = " ".join(line.text.split()[1:])
        elif word == ".step":
            contents.stepped += stepped_parameters(line)
            skip_directive(line, self.journal.note)
        elif word == ".ends":
            if not line.file:
                raise line.error(".ends without .subckt")
            self.journal.note(line, ".ends without .subckt: passed over")
        elif word.startswith("."):
            contents.uses_ic |= word == ".tran" and "uic" in line.text.lower().split()
            skip_directive(line, self.journal.note)
        else:
            contents.elements.append(line)

    @cached_property
    def macros(self) -> dict[str, Macro]:
        """The user functions that its expressions may call."""
        return {**(self.outer.macros if self.outer else {}), **self.contents.functions}

    def functions(self, line: Line) -> Functions:
        """The same for the expressions of a line, and the dialect of these."""
        return Functions(self.macros, line.dialect)

    @cached_property
    def parameters(self) -> dict[str, Assigned]:
        """Its ``.param`` by lower-case name; of two of one name the last one, as in ngspice."""
        assigned: dict[str, Assigned] = {}
        written = self.contents.parameters
        known = {name.lower() for name, _, _ in written}
        stated = written + [step for step in self.contents.stepped if step[0].lower() not in known]
        taken = self._component_names if stated and self.outer is None else set()
        for name, text, line in stated:
            if name.lower() in assigned:
                message = f".param {name} is there already: this one counts, the one before is passed over"
                self.journal.note(line, message)
            for message in megohms_of(name, text):
                self.journal.note(line, message)
            try:
                value = parse_parameter(text, self.functions(line))
            except NetlistError as error:
                self.journal.fault(NetlistError(f".param {name}: {error}", line.number, line.text, line.file))
                value = 1.0  # so that what refers to it is no fault as well
            assigned[name.lower()] = (self._other_than(name, taken, line), value, line)
        for line, knob in self._knobs.items():
            assigned[knob.lower()] = (knob, self._potentiometer(line).position, line)
        return assigned

    def _other_than(self, name: str, taken: set[str], line: Line) -> str:
        """The name of a parameter; another one where a component has it, with a value of its own."""
        others = (f"{name}{suffix}" for suffix in ("", "_value", "_value_of_param"))
        other = next((other for other in others if other.lower() not in taken), name)
        if other != name:
            self.journal.note(line, f".param {name} has the name of a component and is {other} here")
        return other

    @cached_property
    def _knobs(self) -> dict[Line, str]:
        """The names of the knobs that potentiometers are, those outside of subcircuits whose positions are numbers."""
        names: dict[Line, str] = {}
        if self.outer is None:
            for line in (line for line in self.contents.elements if line.text[0] in "aA"):
                with contextlib.suppress(NetlistError):  # told where its parts are asked for
                    pot = self._potentiometer(line)
                    if isinstance(pot.position, float):
                        names[line] = pot.name
        return names

    def _potentiometer(self, line: Line) -> Potentiometer:
        return potentiometer(line, self._card, self.functions(line), self.journal.note)

    def _kind_of(self, name: str, depth: int = 0) -> str:
        """The kind of the ``.model`` of that name, of this library's own as well; "" where there is none."""
        card = self._card(name)
        if card is None and (part := standard_part(name, directive=".model")):
            card = parse_model(part.lines[0])
        if card is None or card.kind or depth > MAX_DEPTH:
            return card.kind if card else ""
        return self._kind_of(card.base, depth + 1)

    def _card(self, name: str) -> ModelCard | None:
        return self.contents.cards.get(name.lower()) or (self.outer._card(name) if self.outer else None)

    @property
    def _component_names(self) -> set[str]:
        """Names in lower case of the components with values that are not the parameter of the same name."""
        parts = [element.component for _, found in self.statements if isinstance(found, list) for element in found]
        own = {part.name.lower() for part in parts if not _is_name(part.value, part.name)}
        return own

    @cached_property
    def statements(self) -> Statements:
        """Its elements and instances, in order."""
        statements: Statements = []
        for line in self.contents.elements:
            if self.journal.is_full:
                break
            with self.journal.gathering():
                if line.text[0] in "xX":
                    statements.append((line, self.instance(line)))
                    continue
                if line.text[0] in "aA":
                    parts = file_source(line, self._card) or self._potentiometer(line).parts(self._knobs.get(line))
                    statements.append((line, parts))
                    continue
                elements = parse_elements(line, self.functions(line), self._kind_of)
                if guessed := guess(line, self.macros):
                    self.journal.note(line, guessed)
                for message in (message for element in elements for message in element.notes):
                    self.journal.note(line, message)
                statements.append((line, elements))
        return statements

    def instance(self, line: Line) -> Instance:
        """What an X line says.

        Raises:
            NetlistError: when it is none.
        """
        return instance(line, self.functions(line), self.journal.note)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word in it, by which an instance parameter that nothing could use is noticed."""
        return frozenset(word for line in self.lines for word in re.findall(r"[^\W\d]\w*", line.text.lower()))


@dataclass
class Contents:
    """The lines of a block by kind; names are in lower case."""

    elements: list[Line] = field(default_factory=list)
    parameters: list[tuple[str, str, Line]] = field(default_factory=list)
    cards: dict[str, ModelCard] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    functions: dict[str, Macro] = field(default_factory=dict)
    stepped: list[tuple[str, str, Line]] = field(default_factory=list)
    global_nodes: set[str] = field(default_factory=set)
    clamps: list[Line] = field(default_factory=list)
    uses_ic: bool = False
    settings: dict[str, tuple[Value, Line]] = field(default_factory=dict)
    title: str = ""


def _is_name(value: object, name: str) -> bool:
    return isinstance(value, Name) and value.name.lower() == name.lower()


def _header(line: Line, inner: list[Line], outer: Block) -> Block:
    try:
        under = headed(words_of(line)[1])
        words, assigned = assignments(under["params:"])
        bare, optional = assignments(under["optional:"])
        if bare:
            raise NetlistError(f".subckt: OPTIONAL: {' '.join(bare)} is no node=default")
    except NetlistError as error:
        raise error.at(line.number, line.text, line.file) from None
    if not words:
        raise line.error(".subckt needs a name, then its nodes: .subckt amp in out PARAMS: gain=10")
    name, *ports = words
    ports += optional
    lowered = [port.lower() for port in ports]
    if len(set(lowered)) < len(lowered):
        if not line.file:
            raise line.error(f".subckt {name}: its nodes must be different names")
        outer.journal.note(line, f".subckt {name} has a node twice: what is connected to the first one counts")
    block = Block(inner, name=name, ports=tuple(ports), defaults=assigned, line=line, outer=outer)
    block.optional = tuple(node(name) for name in optional.values())
    return block
