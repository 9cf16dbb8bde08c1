"""Out of Python and back: models as files for other programs."""

from circuitnn.export.aidax_file import aidax as aidax
from circuitnn.export.aidax_file import read_aidax as read_aidax
from circuitnn.export.examples import example as example
from circuitnn.export.formats import read as read
from circuitnn.export.header import c as c
from circuitnn.export.lv2_bundle import lv2 as lv2
from circuitnn.export.nam_file import nam as nam
from circuitnn.export.nam_file import read_nam as read_nam
from circuitnn.export.proteus_json import proteus as proteus
from circuitnn.export.proteus_json import read_proteus as read_proteus
from circuitnn.export.rtneural_json import read_rtneural as read_rtneural
from circuitnn.export.rtneural_json import rtneural as rtneural
from circuitnn.export.strangers import FormatError as FormatError
from circuitnn.export.torch_arrays import read_torch as read_torch
from circuitnn.export.torch_arrays import torch as torch
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
