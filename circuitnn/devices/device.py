"""Records of devices: all that the rest of the library knows of what a letter of a netlist stands for."""

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, final

from circuitnn.devices.law import Junction, Law, LawFunction, Preparation
from circuitnn.devices.rules import Rule

COMMON = "common"  # by which name a record has ground, against which the voltages of memories are


@dataclass(frozen=True, kw_only=True)
class Device(abc.ABC):
    """What a letter stands for (abstract).

    Attributes:
        letter: the first one of the names of such components.
        word: what it is called.
        quantity: what the number of a component is.
        unit: of the number, SI.
        rule: what the number may be.
        expression_rule: what it may be where an expression gives it, if that is another rule.
        pins: what its nodes are, in the order of the line: those that a current flows through.
        sensed_pins: after them those that are only looked at.
        equation: its law in one line.
        source: of the law: author, year.
    """

    letter: str
    word: str
    quantity: str
    unit: str
    rule: Rule
    expression_rule: Rule | None = None
    pins: tuple[str, ...]
    sensed_pins: tuple[str, ...] = ()
    equation: str
    source: str = ""

    @property
    def node_count(self) -> int:
        """How many nodes its line has."""
        return len(self.pins) + len(self.sensed_pins)

    @property
    def dc_pins(self) -> tuple[int, ...]:
        """Places of the pins that a direct current connects with each other."""
        return tuple(range(self.node_count))

    @property
    def dc_groups(self) -> tuple[tuple[int, ...], ...]:
        """The same, of a device with sides that are connected by light or a field alone."""
        return (self.dc_pins,)


@final
@dataclass(frozen=True, kw_only=True)
class Passive(Device):
    """A resistor, capacitor or inductor.

    Attributes:
        state: "V" where its voltage is a state of the circuit, "I" where its current is; "" for none.
    """

    pins: tuple[str, ...] = ("+", "-")
    rule: Rule = Rule.POSITIVE
    state: str = ""

    @property
    def dc_pins(self) -> tuple[int, ...]:
        """A capacitor lets no direct current through."""
        return () if self.state == "V" else (0, 1)


@final
@dataclass(frozen=True, kw_only=True)
class Coupling(Device):
    """What two components that are named have to do with each other.

    Attributes:
        couples: the letter of those components.
    """

    pins: tuple[str, ...] = ()
    couples: str


@final
@dataclass(frozen=True, kw_only=True)
class Source(Device):
    """A source, independent or controlled.

    Attributes:
        fixes: "V" or "I"; "" where a word on the line says which.
        senses: "V" or "I": what a linear controlled source depends on; "expression"; "" of an independent source.
        expressions: by word before an expression that takes the number's place, in lower case, what it fixes.
    """

    pins: tuple[str, ...] = ("+", "-")
    rule: Rule = Rule.ANY
    fixes: str
    senses: str = ""
    expressions: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_independent(self) -> bool:
        """Whether its value depends on nothing in the circuit."""
        return not self.senses

    @property
    def dc_pins(self) -> tuple[int, ...]:
        """A source of current holds no node; a controlled one may."""
        return () if self.is_independent and self.fixes == "I" else super().dc_pins


@final
@dataclass(frozen=True)
class ModelParameter:
    """One parameter of a ``.model``.

    Attributes:
        name: in capitals, as SPICE has it.
        unit: SI; "" of a plain number.
        default: where it is not given.
        rule: what numbers it may be.
        when: the parameters of which one has to be given, and not zero, for this one to be there; always when empty.
        scales: whether a device of twice the area has twice of it.
        divides: whether a device of twice the area has half of it.
        mirrors: whether its sign is the other one in models of polarity -1.
        other_names: that it has in SPICE as well.
        default_of: the parameter whose value it has where it is not given; the default itself where empty.
        times: numbers on the line of a device by which it is multiplied: M, how many there are, or one of the
            `line_numbers` of the record.
        is_thermal: whether it counts where there is a TEMP alone, and has to be given for it.
    """

    name: str
    unit: str
    default: float
    rule: Rule = Rule.POSITIVE
    when: tuple[str, ...] = ()
    scales: bool = False
    divides: bool = False
    mirrors: bool = False
    other_names: tuple[str, ...] = ()
    default_of: str = ""
    times: tuple[str, ...] = ()
    is_thermal: bool = False


def the_law_itself(parameters: Mapping[str, Any]) -> str:
    """The variant of a device that has none."""
    del parameters
    return ""


def never(kind: str, names: Sequence[str]) -> bool:
    """Whether a device that has no other ports has them."""
    del kind, names
    return False


Equivalent = Callable[[Sequence[str]], Sequence[str]]
OfCard = Callable[[Mapping[str, Any], Mapping[str, Any], int, Callable[[str], None]], dict[str, Any]]


@final
@dataclass(frozen=True)
class Trial:
    """Where tests try a device: parameters of its model, and the voltages of its ports."""

    parameters: Mapping[str, float]
    volts: tuple[float, ...]


@final
@dataclass(frozen=True, kw_only=True)
class ModelDevice(Device):
    """A nonlinear device with a ``.model``; its number is the area factor.

    Attributes:
        kinds: of its models, each with the polarity: -1 for the mirror image of a kind.
        ports: the voltages that its law depends on, as pairs of pins.
        currents: of the law, each from a pin through the device to another. Where a port with a junction has the same
            pins they are one branch of the circuit.
        charges: of the law: the parameter without which there is none, and the place of the port that it is across.
        optional_ports: of the ports, by place, the parameters of which one has to be there; after those always there.
        optional_currents: of the currents that are across no optional port the same; without one nothing flows.
        rates: voltages whose rates it depends on: the parameters of which one has to be there, and the pins. The law is
            given the current that `CHARGE_UNIT` would carry there, after the ports, and gives the current that flows
            there, after the others.
        other_ports: pairs of pins that a port has in place of others in some devices.
        has_other_ports: in which ones, by the kind and the names of the parameters of the model.
        series: resistances inside, over the area: the parameter, and its pin, from outside. The node before the last
            one is the "outer" pin.
        bent: of these the ones that are the law's own affair where another parameter is there: its name.
        function: the law, see `Law`; its docstring has the equations.
        variant: by the parameters of a model, which of the `variants` is its law; "" for the law itself.
        variants: other laws by name.
        small_signals: as of `Law`, by the names of variants.
        searches: likewise.
        in_pairs: of these, by name, the variant that devices of one model are together that face both ways: what is
            different counts for nothing then.
        line_numbers: numbers on the line of a device beside its area, with their defaults; a model may have them too.
        junctions: the pn junctions of the law.
        parameters: of the models, in the order in which they are written.
        neglected: what a model may say and what is passed over, by name in lower case: what it would change.
        harmless: what else a model may say: in lower case, with the value at which it changes nothing; None for any.
        unmodelled: names (lower case) of parameters that change the answer in SPICE and are not modelled; what is in
            none of these lists says nothing to SPICE either, and is passed over with a note.
        hints: what to do about a parameter that is not modelled.
        spelled: of these kinds, how a card has them: another kind, and a word beside the parameters.
        optional_pin: a node that may follow the pins, and carries nothing.
        idle_nodes: how many nodes may follow the pins that carry nothing.
        memories: nodes inside that are states of the device's own, by name the parameters of which one has to be there,
            always where there are none: what a device keeps that is no voltage between its pins, such as light. Their
            ports are against `COMMON`.
        inner_nodes: nodes that are no pins, by name the pin that they are at but for series resistances.
        of_one: parameters that are those of one device in ngspice, whatever M is.
        insulated: pins that no direct current flows through.
        apart: pins that no direct current connects with the others, but with each other.
        merges: whether devices of one model across the same two nodes are one to the law, which is proportional to
            the area then.
        of_ngspice: defaults that ngspice-39 has where it differs from PSpice and LTspice.
        merges_without: parameters with which they are not.
        at_temperature: from the parameters of a model to those at its TEMP in degrees Celsius, where these are among
            them, see `circuitnn.devices.temperature`; None where it is modelled at 27 degrees alone.
        prepare: as of `Law`.
        factor: the name that the number has on a line.
        is_costly: whether its law is evaluated once for all that is wanted of it, as of `Law`.
        equivalent: of a device that SPICE does not have, by the parameters of a model, the lines of a subcircuit that
            does the same in ngspice: nodes are its pins, ``{NAME}`` its parameters.
        process: names of what a model may say that counts with its size alone.
        of_card: from what a model says, the numbers on a line, the polarity, and a function that notes what is
            not modelled, to the parameters; None where the model says them as they are.
        trial: where tests try it.
    """

    quantity: str = "area factor"
    unit: str = ""
    rule: Rule = Rule.POSITIVE
    kinds: Mapping[str, int]
    ports: tuple[tuple[str, str], ...]
    currents: tuple[tuple[str, str], ...]
    charges: tuple[tuple[str, int], ...] = ()
    optional_ports: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    optional_currents: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    rates: tuple[tuple[tuple[str, ...], tuple[str, str]], ...] = ()
    other_ports: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    has_other_ports: Callable[[str, Sequence[str]], bool] = field(default=never)
    series: tuple[tuple[str, str], ...] = ()
    bent: Mapping[str, str] = field(default_factory=dict)
    function: LawFunction
    variant: Callable[[Mapping[str, Any]], str] = field(default=the_law_itself)
    variants: Mapping[str, LawFunction] = field(default_factory=dict)
    small_signals: Mapping[str, LawFunction] = field(default_factory=dict)
    searches: Mapping[str, LawFunction] = field(default_factory=dict)
    in_pairs: Mapping[str, str] = field(default_factory=dict)
    line_numbers: Mapping[str, float] = field(default_factory=dict)
    junctions: tuple[Junction, ...] = ()
    parameters: tuple[ModelParameter, ...]
    neglected: Mapping[str, str] = field(default_factory=dict)
    harmless: Mapping[str, float | None] = field(default_factory=dict)
    unmodelled: frozenset[str] = frozenset()
    hints: Mapping[str, str] = field(default_factory=dict)
    spelled: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    optional_pin: str = ""
    idle_nodes: int = 0
    memories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inner_nodes: Mapping[str, str] = field(default_factory=dict)
    of_one: tuple[str, ...] = ()
    insulated: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    merges: bool = False
    merges_without: tuple[str, ...] = ()
    of_ngspice: Mapping[str, float] = field(default_factory=dict)
    at_temperature: Preparation | None = None
    prepare: Preparation | None = None
    factor: str = "area"
    is_costly: bool = False
    equivalent: Equivalent | None = None
    process: tuple[str, ...] = ()
    of_card: Callable[[Mapping[str, Any], Mapping[str, Any], int, Callable[[str], None]], dict[str, Any]] | None = None
    trial: Trial

    ALWAYS_HARMLESS: ClassVar[Mapping[str, float | None]] = {"level": 1.0}

    def __post_init__(self) -> None:
        names = {parameter.name for parameter in self.parameters}
        pins = {pin for pair in (*self.ports, *self.currents) for pin in pair} | {pin for _, pin in self.series}
        wanted = {name for name, _ in (*self.charges, *self.series)} | set(self.trial.parameters)
        wanted |= {name for junction in self.junctions for name in (junction.condition, junction.emission)}
        places = [place for _, place in self.charges] + [junction.port for junction in self.junctions]
        inner = {*self.pins, *(f"outer {pin}" for _, pin in self.series), self.optional_pin, *self.inner_nodes}
        inner |= {COMMON, *self.memories} if self.memories else set()
        unknown = [*(pins | {*self.insulated, *self.apart}).difference(inner), *wanted - names]
        unknown += [f"port {place}" for place in places if place >= len(self.ports)]
        if unknown or len(self.trial.volts) != len(self.ports) - len(self.optional_ports):
            raise ValueError(f"the record of {self.word}: it has no {', '.join(unknown) or 'volts for each port'}")

    @property
    def dc_pins(self) -> tuple[int, ...]:
        """All but the insulated ones."""
        return tuple(place for place, pin in enumerate(self.pins) if pin not in self.insulated)

    @property
    def dc_groups(self) -> tuple[tuple[int, ...], ...]:
        """Those that are apart are a group of their own."""
        apart = tuple(place for place in self.dc_pins if self.pins[place] in self.apart)
        return tuple(place for place in self.dc_pins if place not in apart), apart

    def law(self, kind: str, variant: str = "") -> Law:
        """What a simulation needs of a device with a model of that kind."""
        function = self.variants.get(variant, self.function)
        scaled = tuple(parameter.name for parameter in self.parameters if parameter.scales)
        mirrored = tuple(parameter.name for parameter in self.parameters if parameter.mirrors)
        return Law(
            function,
            self.junctions,
            scaled,
            mirrored if self.kinds[kind] < 0 else (),
            is_costly=self.is_costly,
            small_signal=self.small_signals.get(variant),
            search=self.searches.get(variant),
            prepare=self.prepare,
            divided=tuple(parameter.name for parameter in self.parameters if parameter.divides),
        )

    def knows(self, name: str) -> bool:
        """Whether a ``.model`` that says something under this name (lower case), not modelled here, says anything."""
        known = (self.harmless, self.unmodelled, self.ALWAYS_HARMLESS)
        return any(name in names for names in known) or name.upper() in self.hints

    def parameter(self, name: str) -> ModelParameter:
        """The parameter of that name."""
        return next(parameter for parameter in self.parameters if parameter.name == name)
