"""What drives a circuit and where it is heard, where the caller does not say: by what sources and nodes are named."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from circuitnn.circuit.components import GROUND, Component
from circuitnn.circuit.journal import Journal, words_in
from circuitnn.circuit.lines import Line
from circuitnn.circuit.parsed import element
from circuitnn.circuit.scopes import Flat
from circuitnn.circuit.topology import loops_of_coils, open_nodes, terminals
from circuitnn.devices.capacitor import CAPACITOR
from circuitnn.devices.resistor import RESISTOR

OPEN = 1e12  # ohms, of an output that nothing loads

_SOURCES = ("vin", "iin", "in", "input", "vinput", "signal", "vsignal", "vsig", "vi")
_ENTRIES = ("in", "input", "vin", "signal", "vi")
_EXITS = ("out", "output", "vout", "vo")
_COMMANDS = (".wave", ".noise", ".tf", ".four", ".print", ".plot", ".probe", ".save", ".meas", ".graph")
_PLOTS = ("plot", "gnuplot", "hardcopy", "asciiplot", "print", "wrdata")
_VOLTAGE = re.compile(r"\bv(?:db|m|p|r|i|ph|mag)?\(\s*([^\s(),]+)\s*\)", re.IGNORECASE)
_LOAD = re.compile(r"r_?(l|load|spk|speaker)_?\d*|load|speaker", re.IGNORECASE)
_AC = re.compile(r"\bac\b\s*=?\s*([^\s=]*)", re.IGNORECASE)
_SUPPLY = re.compile(r"v?(cc|dd|ee|ss|pp|b|bb|bias|ref|bat\w*|\+|-)|b\+|pwr|[hp]v|[+-]?\d+v\d*|[+-]\d.*", re.IGNORECASE)


def inferred_inputs(
    flat: Mapping[str, Flat], components: Sequence[Component], title: str, journal: Journal
) -> tuple[str, ...]:
    """The source or the node that the signal drives: "Vin"; else the one candidate that is more likely than others.

    That is a source with AC, with a waveform, or named so, before one of a direct voltage alone; where there are only
    such, a node named "in" that no source is at. Sources of subcircuits count where there are none outside.

    Args:
        flat: all elements, by name in lower case.
        components: of the circuit.
        title: of the netlist, which may be the source, by mistake.
        journal: is told which it is.

    Returns:
        One name; "Vin" where none is more likely.
    """
    usual = ("Vin",)
    at_fault = next((str(fault.text).split()[0] for fault in journal.faults if str(fault.text)[:1] in "vViI"), None)
    if "vin" in flat or (title.lower().split()[:1] == ["vin"] and len(title.split()) > 3):
        return usual
    if at_fault:
        return (at_fault,)
    sources = [part for part in flat.values() if part.element.component.is_independent_source]
    written = [(part, _level(part)) for part in sources]
    entry = _entry(components)
    top = [part for part, level in written if level == 0]
    inner = [part for part, level in written if level == 1 and (not part.line.file or _likelihood(part) >= 4.0)]
    likely = _likeliest(top or ([] if entry else inner))
    if entry and (likely is None or _likelihood(likely) < 1) and not any(_likelihood(part) >= 1 for part in top):
        return (entry,)  # which is said where its source is added
    if likely is None:
        return usual
    name = likely.element.component.name
    journal.note(likely.line, f"{name} is taken as the input; inputs= names another")
    return (name,)


def inferred_outputs(
    components: Sequence[Component],
    flat: Mapping[str, Flat],
    journal: Journal,
    *,
    lines: Sequence[Line] = (),
    inputs: Sequence[str] = (),
) -> tuple[str, ...]:
    """The node that is heard: "out"; else the one named output, vout or vo, KiCad's "/out", or of a lone subcircuit.

    Else the one whose name has such a word in it, "V1_Out"; of several, or where there is none, the first that the
    netlist prints or plots; else the one that a load resistor is at; else the one that a capacitor leads to and nothing
    but resistors to ground are at; else the only one that no source holds.

    Args:
        components: of the circuit.
        flat: all elements, by name in lower case.
        journal: is told which it is.
        lines: of the netlist, those of ``.control`` blocks among them.
        inputs: names of the sources that drive it.

    Returns:
        One name; "out" where there is none.
    """
    nodes = {node.lower(): node for part in components for node in part.nodes if node != GROUND}
    if "out" in nodes or journal.faults:
        on_sheets = [node for key, node in nodes.items() if _bare(key) in _EXITS and "." not in key]
        words = {word for part in flat.values() for word in words_in(part.line.text)}
        named = [name for known in (nodes, journal.words, words) for name in _EXITS if name in known]
        return ([*(name for name in named if name in nodes), *on_sheets, *named, "out"][0],)
    outer = [node for node in nodes.values() if "." not in node]
    instances = {node.lower().split(".")[0] for node in nodes.values() if "." in node}
    inner = [node for node in nodes.values() if node.count(".") == 1] if len(instances) == 1 else []
    driven = {node for part in components if part.name in inputs for node in part.nodes}
    printed = [nodes[name] for name in _printed(lines) if name in nodes and nodes[name] not in driven]
    candidates = [[node for node in group if _bare(node) == name] for group in (outer, inner) for name in _EXITS]
    named = [node for node in outer if _words(node) & set(_EXITS) and node not in driven]
    candidates += [[node for node in outer if _plain(node) in _EXITS]]
    candidates += [[node for node in printed if node in named][:1], named, printed[:1], _loaded(components, outer)]
    candidates += [_last(components, outer, driven)]
    for likely in candidates:
        if len(likely) == 1:
            line = next(part.line for part in flat.values() if _touches(part, likely[0]))
            journal.note(line, f"the node {likely[0]} is taken as the output; outputs= names another")
            return (likely[0],)
    return ("out",)


def _printed(lines: Sequence[Line]) -> list[str]:
    """The nodes whose voltages the netlist's commands ask for, in lower case, where sounds are written first."""
    asked: list[str] = []
    in_control = False
    for line in sorted(lines, key=lambda line: line.word not in (".wave", ".noise", ".tf", ".four")):
        in_control = (in_control or line.word == ".control") and line.word != ".endc"
        if in_control or line.word.startswith(_COMMANDS):
            asked += [name.lower() for name in _VOLTAGE.findall(line.text)]
        if in_control and line.word in _PLOTS:  # which take the bare names of nodes, too
            asked += [word.lower() for word in line.text.split()[1:] if not word.isdigit()]
    return list(dict.fromkeys(asked))


def _loaded(components: Sequence[Component], outer: Sequence[str]) -> list[str]:
    """Nodes that resistors named as loads are at, the other end of which is at ground."""
    loads = [part.nodes for part in components if part.device is RESISTOR and _LOAD.fullmatch(part.name)]
    return list(dict.fromkeys(node for nodes in loads if GROUND in nodes for node in nodes if node in outer))


def _last(components: Sequence[Component], outer: Sequence[str], driven: set[str]) -> list[str]:
    """Nodes behind a capacitor that resistors to ground alone load; else those that no source of voltage is at."""
    held = {node for part in components if part.fixes_voltage for node in terminals(part)}
    at: dict[str, list[Component]] = {node: [] for node in outer if node not in held}
    for part in components:
        for node in set(part.nodes) & at.keys():
            at[node].append(part)

    def is_end(node: str) -> bool:
        before = [part for part in at[node] if GROUND not in part.nodes]
        loads = {part.device.letter for part in at[node] if GROUND in part.nodes}
        is_behind = len(before) == 1 and before[0].device is CAPACITOR and not driven & set(before[0].nodes)
        return is_behind and RESISTOR.letter in loads and loads <= {RESISTOR.letter, CAPACITOR.letter}

    return [node for node in at if is_end(node)] or list(at)


def open_ends(
    components: Sequence[Component], flat: Mapping[str, Flat], probed: Iterable[str], journal: Journal
) -> list[Flat]:
    """A resistance to ground for each output that capacitors alone connect: at rest it is at 0 V.

    Args:
        components: of the circuit.
        flat: all elements, by name in lower case.
        probed: the nodes that are heard.
        journal: is told of each.
    """
    added = []
    for node in open_nodes(components, probed):
        message = f"the output {node} is open: nothing but capacitors is at it; it has {OPEN:g} ohms to ground here"
        added.append(_leak(node, flat, message, journal))
    return added


def floating_ends(
    components: Sequence[Component], flat: Mapping[str, Flat], journal: Journal, *, gates: bool
) -> list[Flat]:
    """A resistance to ground for each node without a direct current, which LTspice puts there (its option gfloat).

    Args:
        components: of the circuit.
        flat: all elements, by name in lower case.
        journal: is told of each.
        gates: whether of those at gates of transistors, too, as LTspice does.
    """
    nodes = {node for part in components for node in part.nodes}
    what = f"no direct current: it has {OPEN:g} ohms to ground, as in LTspice"
    ends = open_nodes(components, nodes, gates=gates)
    return [_leak(node, flat, f"the node {node} has {what}", journal) for node in ends]


def has_silent_loops(
    components: Sequence[Component], flat: Mapping[str, Flat], values: Mapping[str, Any], journal: Journal
) -> bool:
    """Whether there are loops of inductors, and of sources of 0 V, alone: no current flows in them at rest.

    Args:
        components: of the circuit.
        flat: all elements, by name in lower case.
        values: numbers by name.
        journal: is told of each.
    """
    loops = loops_of_coils(components, {name for name, value in values.items() if value == 0.0})
    for loop in loops:
        names = ", ".join(loop.members)
        message = f"loop of inductors: {names}; no current flows in it at rest"
        journal.note(flat[str(loop.component).lower()].line, message)
    return bool(loops)


def _leak(node: str, flat: Mapping[str, Flat], message: str, journal: Journal) -> Flat:
    line: Line = next(part.line for part in flat.values() if _touches(part, node))
    journal.note(line, message)
    return Flat(element(line, f"R.{node}", RESISTOR.letter, (node, GROUND), OPEN), line)


def _touches(part: Flat, node: str) -> bool:
    return node.lower() in {name.lower() for name in part.element.component.nodes}


def _level(part: Flat) -> int | None:
    """How many subcircuits a source is in that a line of the netlist says; none is of this library's making."""
    name, word = part.element.component.name.lower(), part.line.text.split()[0].lower()
    if name == word or (part.element.waveform is not None and name[1:] == word):  # a file source, VA1 of A1
        return 0
    return name.count(".") - word.count(".") - 1 if name.endswith(f".{word}") and name[0] == word[0] else None


def _entry(components: Sequence[Component]) -> str | None:
    """A node that is named as an input, or the one with such a word in its name, and at no source of voltage."""
    held = {node for part in components if part.fixes_voltage for node in terminals(part)}
    nodes = dict.fromkeys(node for part in components for node in part.nodes if "." not in node and node not in held)
    exact = next((node for name in _ENTRIES for node in nodes if _bare(node) == name), None)
    plain = [node for node in nodes if _plain(node) in _ENTRIES]
    return exact or _only(plain) or _only([node for node in nodes if _words(node) & set(_ENTRIES)])


def _only(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def _plain(name: str) -> str:
    """The letters of a name alone: vin of V_in1."""
    return "".join(re.findall(r"[a-z]+", _bare(name)))


def _words(name: str) -> set[str]:
    """The words in a name: v and in of V_in1."""
    return set(re.findall(r"[a-z]+", _bare(name)))


def _bare(node: str) -> str:
    """The name of a node without the sheet or the subcircuit that it is in."""
    return re.split(r"[/.]", node.lower())[-1]


def _likeliest(sources: Sequence[Flat]) -> Flat | None:
    """The one that is more likely than others; the first of several of the netlist's own that something speaks for."""
    if len(sources) == 1:
        return sources[0]
    ranked = sorted(sources, key=_likelihood, reverse=True)
    is_sure = ranked and _likelihood(ranked[0]) > _likelihood(ranked[1])
    is_first = ranked and _level(ranked[0]) == 0 and _likelihood(ranked[0]) >= 3.0
    return ranked[0] if is_sure or is_first else None


def _likelihood(source: Flat) -> float:
    """More for what makes an input likely; below 1 for a direct voltage that nothing but a first number speaks for."""
    part, text = source.element.component, source.line.text
    nodes = [_bare(node) for node in part.nodes]
    ac = _AC.search(text.split(maxsplit=3)[-1]) if len(text.split()) > 3 else None
    is_named = _bare(part.name) in _SOURCES or any(_words(name) & set(_ENTRIES) for name in (part.name, *nodes))
    is_quiet = source.element.number == 0 and GROUND in part.nodes  # without one it is there for its current
    is_first = _bare(part.name) == "v1" and not any(_SUPPLY.fullmatch(node) for node in nodes)
    sounds = 8.0 * (ac is not None and not re.fullmatch(r"[0.]+", ac[1])) + 4.0 * (source.element.waveform is not None)
    return sounds + 3.0 * is_named + (1.0 if is_quiet and not sounds else 0.0) + 0.5 * is_first
