"""Devices and ideal sources at the root of a tree as components."""

from circuitnn.circuit.components import GROUND
from circuitnn.wdf import elements as el
from circuitnn.wdf import roots
from circuitnn.wdf.assembly import Port, add_ideal_source, title
from circuitnn.wdf.elements import Element, Value
from circuitnn.wdf.explicit import LAWS
from circuitnn.wdf.neural import NeuralOnePort
from circuitnn.wdf.roots import Root
from circuitnn.wdf.schematic import Schematic, TreeError, node_named, triodes, word

TOP = "out"  # the positive terminal of a tree at the root


def add_root(schematic: Schematic, devices: tuple[Root | Element, ...], *, is_one_port: bool) -> list[Port]:
    """Put what is at the root down; gives the ideal sources among it, which are leaves.

    Raises:
        TreeError: naming what cannot be there.
    """
    ports = []
    for device in devices:
        match device:
            case el.Short(name):
                device = el.VoltageSource(name, 0.0)
            case roots.NeuralRoot(like):
                _check_neural(device, is_alone=is_one_port and len(devices) == 1)
                device = like
        if isinstance(device, el.VoltageSource | el.CurrentSource):
            ports.append(Port(add_ideal_source(schematic, device, TOP, GROUND), TOP, GROUND))
        elif not isinstance(device, el.Open):
            _add_device(schematic, device, is_one_port=is_one_port)
    return ports


def _add_device(schematic: Schematic, device: Root | Element, *, is_one_port: bool) -> None:
    match device:
        case roots.Diode() | roots.DiodePair() if device.nodes is None and not is_one_port:
            raise TreeError("a diode on an R-type adaptor needs nodes=, its anode and cathode")
        case roots.Diode():
            _add_diode(schematic, device, device.name, device.emission, is_forward=True)
        case roots.DiodePair(law=law):
            if law not in (*LAWS, "newton"):
                raise TreeError(f"no law of a diode pair named {law!r}: there are {', '.join(LAWS)} and newton")
            up, down = _times(device.up, device.emission), _times(device.down, device.emission)
            model = _add_diode(schematic, device, device.name, up, is_forward=True)
            back = device.name and f"{device.name}b"
            # Equal diodes share a model, so that their values are learnt together.
            _add_diode(schematic, device, back, down, is_forward=False, model=model if up == down else None)
        case roots.BJT(nodes, kind, parameters, wish):
            name = schematic.name("Q", wish)
            model = schematic.model(name, word(kind), parameters)
            schematic.add(name, tuple(map(node_named, nodes)), 1.0, model=model)
        case roots.Triode(nodes, kind, parameters, wish):
            if f"triode_{kind}" not in triodes():
                raise TreeError(f"no triode of kind {kind!r}: there are koren and dempwolf")
            nodes = tuple(map(node_named, nodes))
            schematic.instance(schematic.name("X", wish), nodes, f"triode_{kind}", parameters)
        case _:
            raise TreeError(f"{title(device)} is no root: devices and ideal sources are, trees are not")


def _add_diode(
    schematic: Schematic,
    device: roots.Diode | roots.DiodePair,
    wish: str | None,
    emission: Value,
    *,
    is_forward: bool,
    model: str | None = None,
) -> str:
    """A diode or a string of them; the name of its model."""
    nodes = (TOP, GROUND) if device.nodes is None else tuple(map(node_named, device.nodes))
    name = schematic.name("D", wish)
    model = model or schematic.model(name, "D", {"IS": device.saturation, "N": emission})
    schematic.add(name, nodes if is_forward else nodes[::-1], 1.0, model=model)
    return model


def _check_neural(device: roots.NeuralRoot, *, is_alone: bool) -> None:
    if not isinstance(device.like, roots.DiodePair | roots.Diode):
        raise TreeError(f"a NeuralRoot stands in for a Diode or a DiodePair, not for {title(device.like)}")
    if not isinstance(device.network, NeuralOnePort):
        raise TreeError(f"the network of a NeuralRoot is a NeuralOnePort, not {title(device.network)}")
    if not is_alone or device.like.nodes is not None:
        raise TreeError("a NeuralRoot has to be alone at the root of a tree, without nodes of an R-type adaptor")


def _times(count: int, emission: Value) -> Value:
    if not (isinstance(count, int) and count > 0):
        raise TreeError(f"a string of {count} diodes: there has to be one at least")
    return count * emission if not isinstance(emission, str) else f"{count}*({emission})"
