"""The models that are compared: as many numbers to learn for each, as near as whole units allow."""

from functools import partial
from typing import Literal

from circuitnn.recurrent import GRU, LSTM
from circuitnn.study import Contender, black_box, sized, state_matched, stn

PLAIN = "GRU"
UNITS = 16  # of the plain GRU, whose size all others are given

_plain = black_box(GRU, UNITS)


def _matched(mapping: Literal["leading", "readout"], matched: Literal["all", "chosen"]) -> Contender:
    return sized(partial(state_matched, mapping=mapping, matched=matched), like=_plain)


CONTENDERS = {
    "SMGRU leading, all": _matched("leading", "all"),
    "SMGRU leading, some": _matched("leading", "chosen"),
    "SMGRU read-out, all": _matched("readout", "all"),
    "SMGRU read-out, some": _matched("readout", "chosen"),
    "STN": sized(lambda units: stn(units, units, input_taps=2), like=_plain),
    PLAIN: _plain,
    "LSTM": sized(partial(black_box, LSTM), like=_plain),
}
MATCHED = tuple(name for name in CONTENDERS if name.startswith("SMGRU"))
