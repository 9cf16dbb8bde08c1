"""A small simulator in NumPy that shares nothing with the engines: the reference of their tests.

It takes names, nodes and numbers from a `Circuit` (and its expressions, evaluated in NumPy), stamps by itself, and
solves all node voltages and branch currents together by Newton's iteration at every sample. No port, no tree, no
matrix prepared before the loop, no law of a device is the library's: they are written down here again, from Shockley
(1949), Ebers and Moll (1954), Gummel and Poon (1970), Shichman and Hodges (1968). tests/test_reference.py holds it
against ngspice. Charges of junctions are left out.
"""

import cmath
import re

import numpy as np

from circuitnn.circuit import Circuit
from circuitnn.expressions.tree import Current, Voltage, evaluate, leaves_in

THERMAL = 1.38064852e-23 * 300.15 / 1.6021766208e-19  # kT/q at 27 C, volts
# x'_n = fs (a x_n + b x_{n-1} + c x_{n-2}) - d x'_{n-1}
LEAK = 1e-12  # siemens
LEAKY = 1e-7  # amperes
LONGEST, PARTS = 400, 16  # iterations of Newton, and the parts of a sample where that was not enough
RULES = {"trapezoidal": (2, -2, 0, 1), "backward_euler": (1, -1, 0, 0), "bdf2": (1.5, -2, 0.5, 0)}


class NotConvergedError(AssertionError):
    """Newton's iteration found no solution."""


def simulate(circuit, x, fs, *, rule="trapezoidal", controls=None):
    """Outputs (time, outputs) and states (time, states), from rest, for x (time, inputs).

    Args:
        circuit: a `Circuit`.
        x: (time, inputs), in the order of `circuit.inputs`.
        fs: in hertz.
        rule: of `RULES`, or alpha of s = (1 + alpha) fs (1 - 1/z)/(1 + alpha/z).
        controls: knobs, numbers or (time,).
    """
    network = Network(circuit, controls or {}, len(x))
    first, second, third, memory = RULES[rule] if rule in RULES else (1 + rule, -1 - rule, 0, rule)
    now = network.at_rest()
    charge = before = network.charge(now, 0)
    flow = np.zeros(len(network.reactive))  # currents of the capacitors, voltages of the inductors
    outputs, states = [], []
    for n, u in enumerate(x):
        history = fs * (second * charge + third * before) - memory * flow
        now = network.solve(now, n, u, first * fs, history)
        charge, before = network.charge(now, n), charge
        flow = first * fs * charge + history
        states.append(network.across @ now)
        outputs.append([output(now, flow, n) for output in network.outputs])
    return np.array(outputs), np.array(states)


class Network:
    """Equations of all node voltages and the currents of sources and inductors: G v + T q' + devices(v) = sources."""

    def __init__(self, circuit: Circuit, controls, samples: int):
        self.parts = circuit.components
        self.numbers = numbers_of(circuit, controls, samples)
        self.inputs = [name.lower() for name in circuit.inputs]
        self.node = {"0": -1} | {node: k for k, node in enumerate(circuit.nodes)}
        self.devices = []
        models = {model.name: model for model in circuit.models}
        kinds = {part.name: KINDS.get(models[part.model].kind) for part in self.parts if part.model}
        for part in self.parts:
            if part.model:
                self.devices.append(kinds[part.name](self, part, models[part.model]))
        self.nodes = len(self.node) - 1
        carriers = [part for part in self.parts if has_branch(part)]
        self.branch = {part.name.lower(): self.nodes + k for k, part in enumerate(carriers)}
        self.size = self.nodes + len(carriers)
        self.devices += [Behavioural(self, part) for part in self.parts if part.kind == "B"]
        self.reactive = [part for part in self.parts if part.kind in "CL"]
        self.across = np.array([self._state(part) for part in self.reactive]).reshape(-1, self.size)
        self.through = np.zeros((self.size, len(self.reactive)))
        for k, part in enumerate(self.reactive):
            self.through[:, k] = self.difference(*part.nodes) if part.kind == "C" else -self.unit(part.name)
        self.outputs = [self._output(text) for text in circuit.outputs]

    def value(self, name, n):
        number = self.numbers[name]
        return number[min(n, len(number) - 1)] if np.ndim(number) else number

    def unit(self, name):
        return np.eye(self.size)[self.branch[name.lower()]]

    def difference(self, a, b):
        row = np.zeros(self.size)
        for node, sign in ((a, 1), (b, -1)):
            if self.node[node] >= 0:
                row[self.node[node]] += sign
        return row

    def inner(self, part, parameter, node, n_model):
        """A node behind the series resistance of a device, which is one more resistor; or the node itself."""
        key = f"{n_model}.{parameter}"
        if key not in self.numbers:
            return node
        name = f"{part.name} {parameter}"
        self.node[name] = len(self.node) - 1
        self.devices.append(Series(name, node, key))
        return name

    def charge(self, now, n):
        """Charges of the capacitors and fluxes of the inductors, those of their couplings included."""
        state = self.across @ now
        return self._storage(n) @ state

    def _storage(self, n):
        matrix = np.diag([self.value(part.name, n) for part in self.reactive]) if self.reactive else np.zeros((0, 0))
        place = {part.name.lower(): k for k, part in enumerate(self.reactive)}
        for part in self.parts:
            if part.kind == "K":
                a, b = (place[name.lower()] for name in part.couples)
                matrix[a, b] = matrix[b, a] = self.value(part.name, n) * np.sqrt(matrix[a, a] * matrix[b, b])
        return matrix

    def linear(self, n):
        """G, and what the sources that are no inputs put on the right."""
        matrix, right = np.zeros((self.size, self.size)), np.zeros(self.size)
        for part in self.parts:
            ends = self.difference(*part.nodes[:2]) if part.kind in "RLVIEGFHB" else None
            if part.name.lower() in self.branch:
                own = self.unit(part.name)
                matrix += np.outer(ends, own) + np.outer(own, ends)
            match part.kind:
                case "R" if part.value is None:
                    matrix += np.outer(ends, ends) / self.value(part.name, n)
                case "R":
                    matrix -= np.outer(own, own) * self.value(part.name, n)
                case "V":
                    right += own * self.value(part.name, n)
                case "I":
                    right -= ends * self.value(part.name, n)
                case "E" if part.quantity == "NULLOR":
                    matrix += np.outer(own, self.difference(*part.nodes[2:]) - ends)
                case "E":
                    matrix -= np.outer(own, self.value(part.name, n) * self.difference(*part.nodes[2:]))
                case "G":
                    matrix += np.outer(ends, self.value(part.name, n) * self.difference(*part.nodes[2:]))
                case "F":
                    matrix += np.outer(ends, self.value(part.name, n) * self.unit(part.sense))
                case "H":
                    matrix -= np.outer(own, self.value(part.name, n) * self.unit(part.sense))
        for device in self.devices:
            if isinstance(device, Series):
                ends = self.difference(device.outer, device.name)
                matrix += np.outer(ends, ends) / self.value(device.key, n)
        return matrix, right

    def driven(self, right, u, n):
        """The right side with the inputs at u instead of their DC values."""
        right = right.copy()
        for part in self.parts:
            if part.name.lower() in self.inputs:
                change = u[self.inputs.index(part.name.lower())] - self.value(part.name, n)
                right += self.unit(part.name) * change if part.kind == "V" else -self.difference(*part.nodes) * change
        return right

    def at_rest(self):
        """No charge moves; what nothing holds is held by 1e-15 siemens, after larger ones to come near."""
        matrix, right = self.linear(0)
        nodes = np.diag(np.arange(self.size) < self.nodes).astype(float)
        now = np.zeros(self.size)
        for leak in (*(10.0**-k for k in range(15)), 1e-15):
            now = self._solution(matrix + leak * nodes, right, now, 0)
        return now

    def solve(self, now, n, u, rate, history):
        matrix, right = self.linear(n)
        matrix = matrix + rate * self.through @ self._storage(n) @ self.across
        right = self.driven(right, u, n) - self.through @ history
        return self._solution(matrix, right, now, n)

    def _solution(self, matrix, right, now, n):
        try:
            return self._newton(matrix, right, now, n)
        except NotConvergedError:  # it jumps about: from where it began, bit by bit
            missing = self._residual(matrix, right, now, n)[0]
            for part in np.linspace(1, 0, PARTS + 1)[1:]:
                now = self._newton(matrix, right + part * missing, now, n)
            return now

    def _residual(self, matrix, right, now, n):
        total, slopes = matrix @ now - right, matrix.copy()
        for device in self.devices:
            device.add(now, n, total, slopes)
        return total, slopes

    def _newton(self, matrix, right, now, n):
        previous, nodes = np.inf, np.arange(self.nodes)
        for _ in range(LONGEST):
            total, slopes = self._residual(matrix, right, now, n)
            # Far from the solution a node between diodes may be held by nothing. The leak is in the slopes alone: it
            # turns steps, and moves no solution.
            slopes[nodes, nodes] += LEAK
            step = np.linalg.solve(slopes, -total)
            now = now + step
            size = np.max(np.abs(step) / (1 + np.abs(now)), initial=0)
            # To rounding: it is small, and gets no smaller.
            if size < 1e-14 or (size < 1e-7 and size >= 0.5 * previous):
                return now
            previous = size
        raise NotConvergedError(f"no convergence at sample {n}: the last step was {size}")

    def _state(self, part):
        return self.difference(*part.nodes) if part.kind == "C" else self.unit(part.name)

    def _output(self, text):
        """What is heard, of the unknowns, the reactive elements' flows and the sample: v(a), v(a,b), v(C1), i(R1)."""
        kind, first, second = re.fullmatch(r"(?:([vi])\()?([^,()]+)(?:,([^()]+))?\)?", text.lower()).groups()
        nodes = {node.lower(): node for node in self.node}
        parts = {part.name.lower(): part for part in self.parts}
        if kind != "i":
            ends = (nodes[first], nodes[second or "0"]) if first in nodes else parts[first].nodes[:2]
            row = self.difference(*ends)
            return lambda now, flow, n: row @ now
        part = parts[first]
        if first in self.branch:
            row = self.unit(first)
            return lambda now, flow, n: row @ now
        if part.kind == "C":
            place = self.reactive.index(part)
            return lambda now, flow, n: flow[place]
        row = self.difference(*part.nodes)
        return lambda now, flow, n: row @ now / self.value(part.name, n)


def has_branch(part):
    """Whether its current is an unknown: of sources, of inductors, and of pots, which may have no resistance."""
    return part.kind in "VEHL" or (part.kind == "B" and part.quantity == "V") or (part.kind == "R" and part.value)


def numbers_of(circuit, controls, samples):
    """Every number by name, at the positions of the knobs: numbers, or (time,) where a knob moves."""
    numbers = {name: np.asarray(value, float) for name, value in circuit.values.items()}
    numbers |= {name: np.asarray(value, float) for name, value in controls.items()}
    for parameter in circuit.parameters:
        if parameter.expression is not None:
            numbers[parameter.name] = evaluate(parameter.expression, numbers, np)
    named = [(part.name, part.value) for part in circuit.components if part.kind != "B"]
    named += [(f"{model.name}.{name}", value) for model in circuit.models for name, value in model.parameters]
    return numbers | {name: evaluate(value, numbers, np) for name, value in named if value is not None}


class Series:
    """The series resistance of a device's terminal."""

    def __init__(self, name, outer, key):
        self.name, self.outer, self.key = name, outer, key

    def add(self, now, n, total, slopes):
        pass  # with the linear part


class Device:
    """Currents into terminals at the voltages of some of them, by `law`; slopes by a step along the imaginary axis."""

    resistances = ()
    pairs = ()  # of terminals: the voltages that the law depends on, and the currents that it gives

    def __init__(self, network, part, model):
        self.network, self.part, self.sign = network, part, -1 if model.kind[0] == "P" else 1
        self.names = [name for name, _ in model.parameters]
        self.prefix = model.name
        if {"CJO", "CJE", "CGS"} & set(self.names):
            raise NotImplementedError("charges of junctions")
        nodes = list(part.nodes)
        for parameter, place in self.resistances:
            nodes[place] = network.inner(part, parameter, nodes[place], model.name)
        self.ends = [(nodes[a], nodes[b]) for a, b in self.pairs]

    def add(self, now, n, total, slopes):
        rows = [self.network.difference(*ends) for ends in self.ends]
        given = {name: float(self.network.value(f"{self.prefix}.{name}", n)) for name in self.names}
        given["area"] = float(self.network.value(self.part.name, n))
        v = [self.sign * float(row @ now) for row in rows]
        for row, current in zip(rows, self.law(given, v), strict=True):
            total += self.sign * current.real * row
        for k, column in enumerate(rows):
            moved = [complex(value, 1e-30 * (k == m)) for m, value in enumerate(v)]
            for row, current in zip(rows, self.law(given, moved), strict=True):
                slopes += np.outer(row, column) * (complex(current).imag / 1e-30)


def exponential(x, *, of=0.0):
    """e^x - 1; beyond e^40 its tangent, so that Newton's iteration comes back from anywhere.

    Of a saturation current that can be heard, germanium's, below -3 what ngspice has, -1 - (3/(e x))^3.
    """
    x = complex(x)
    if x.real > 40:
        return cmath.exp(40) * (1 + (x - 40)) - 1
    if x.real < -3 and of > LEAKY:
        return -1 - (3 / (cmath.e * x)) ** 3
    return complex(np.expm1(x.real), cmath.exp(x.real).real * x.imag)


class Diode(Device):
    resistances, pairs = (("RS", 0),), ((0, 1),)

    def law(self, given, v):
        return [given["area"] * given["IS"] * exponential(v[0] / (given["N"] * THERMAL))]


class Bipolar(Device):
    """Collector, base, emitter; base to emitter and base to collector."""

    resistances, pairs = (("RC", 0), ("RB", 1), ("RE", 2)), ((1, 2), (1, 0))

    def law(self, given, v):
        be, bc = v
        largest = max(given.get(name, 0) for name in ("IS", "ISE", "ISC"))
        forward = given["IS"] * given["area"] * exponential(be / (given["NF"] * THERMAL), of=largest)
        reverse = given["IS"] * given["area"] * exponential(bc / (given["NR"] * THERMAL), of=largest)
        to_emitter, to_collector = forward / given["BF"], reverse / given["BR"]
        if "ISE" in given:
            to_emitter += given["ISE"] * given["area"] * exponential(be / (given["NE"] * THERMAL), of=largest)
        if "ISC" in given:
            to_collector += given["ISC"] * given["area"] * exponential(bc / (given["NC"] * THERMAL), of=largest)
        q1 = 1 / (1 - bc / given.get("VAF", np.inf) - be / given.get("VAR", np.inf))
        q2 = (forward / given.get("IKF", np.inf) + reverse / given.get("IKR", np.inf)) / given["area"]
        transport = (forward - reverse) / (q1 / 2 * (1 + cmath.sqrt(1 + 4 * q2)))
        return [transport + to_emitter, to_collector - transport]


class JunctionFet(Device):
    """Drain, gate, source; gate to source and gate to drain. The current of the channel is 2 BETA times a charge."""

    resistances, pairs = (("RD", 0), ("RS", 2)), ((1, 2), (1, 0))

    def law(self, given, v):
        gs, gd = v
        open_at = [value - given["VTO"] if complex(value).real > given["VTO"] else 0 for value in v]
        ds = gs - gd
        length = 1 + given["LAMBDA"] * (ds if complex(ds).real >= 0 else -ds)
        channel = given["area"] * given["BETA"] * length * (open_at[0] ** 2 - open_at[1] ** 2)
        gates = [given["area"] * given["IS"] * exponential(value / (given["N"] * THERMAL)) for value in v]
        return [gates[0] + channel, gates[1] - channel]


# Of the catalogue, for want of a vactrol (SciPy has their equations, test_compressors), of an OTA, and of what gets
# over the jump of an oscillator (ngspice has their frequencies and amplitudes, test_hard_circuits).
WITHOUT = ("la2a", "cl1b", "ota_lowpass", "univibe_stage", "astable", "relaxation_oscillator")
KINDS = {"D": Diode, "NPN": Bipolar, "PNP": Bipolar, "NJF": JunctionFet, "PJF": JunctionFet}


class Behavioural:
    """A B source; slopes by central differences, which Newton's iteration forgives."""

    def __init__(self, network, part):
        self.network, self.part = network, part
        self.leaves = [leaf for leaf in dict.fromkeys(leaves_in(part.value)) if isinstance(leaf, (Voltage, Current))]
        self.columns = [
            network.difference(leaf.plus, leaf.minus) if isinstance(leaf, Voltage) else network.unit(leaf.source)
            for leaf in self.leaves
        ]
        self.row = network.difference(*part.nodes) if part.quantity == "I" else -network.unit(part.name)

    def add(self, now, n, total, slopes):
        values = {name: self.network.value(name, n) for name in self.network.numbers}
        sensed = np.array([column @ now for column in self.columns])

        def law(sensed):
            return float(evaluate(self.part.value, values | dict(zip(self.leaves, sensed, strict=True)), np))

        total += law(sensed) * self.row
        for k, column in enumerate(self.columns):
            step = 1e-6 * (1 + abs(sensed[k])) * (np.arange(len(sensed)) == k)
            slope = (law(sensed + step) - law(sensed - step)) / (2 * step[k])
            slopes += np.outer(self.row, column) * slope
