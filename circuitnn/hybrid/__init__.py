"""Hybrids: ready-made chains of circuits, filters and networks, and what joins them."""

from circuitnn.composition import parallel as aligned
from circuitnn.hybrid.amplifiers import gray_box_amplifier as gray_box_amplifier
from circuitnn.hybrid.amplifiers import wiener_hammerstein as wiener_hammerstein
from circuitnn.hybrid.cabinets import cabinet as cabinet
from circuitnn.hybrid.corrected import Corrected as Corrected
from circuitnn.hybrid.crossfading import Crossfade as Crossfade
from circuitnn.hybrid.crossfading import crossfade as crossfade
from circuitnn.hybrid.klon_pedal import klon as klon
from circuitnn.hybrid.oscillator import Movement as Movement
from circuitnn.hybrid.oscillator import Oscillator as Oscillator
from circuitnn.hybrid.plain import Delay as Delay
from circuitnn.hybrid.plain import Gain as Gain
from circuitnn.hybrid.plain import Offset as Offset
from circuitnn.oversampling import Oversampled as Oversampled
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
