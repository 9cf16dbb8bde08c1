"""Hybrids: ready-made chains of circuits, filters and networks, and what joins them."""

from circuitnn.hybrid.amplifiers import gray_box_amplifier as gray_box_amplifier
from circuitnn.hybrid.amplifiers import wiener_hammerstein as wiener_hammerstein
from circuitnn.hybrid.klon_pedal import klon as klon
from circuitnn.hybrid.oversampled import Oversampled as Oversampled
from circuitnn.hybrid.plain import Delay as Delay
from circuitnn.hybrid.plain import Gain as Gain
from circuitnn.hybrid.plain import aligned as aligned
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
