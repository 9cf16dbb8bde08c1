"""Out of Python and back: models as files for other programs."""

from typing import TYPE_CHECKING

from circuitnn.rooms import on_demand

if TYPE_CHECKING:
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
else:  # a type checker tells of names that are none
    __getattr__, __dir__ = on_demand(
        __name__,
        names={
            "circuitnn.export.aidax_file": "aidax read_aidax",
            "circuitnn.export.examples": "example",
            "circuitnn.export.formats": "read",
            "circuitnn.export.header": "c",
            "circuitnn.export.lv2_bundle": "lv2",
            "circuitnn.export.nam_file": "nam read_nam",
            "circuitnn.export.proteus_json": "proteus read_proteus",
            "circuitnn.export.rtneural_json": "read_rtneural rtneural",
            "circuitnn.export.strangers": "FormatError",
            "circuitnn.export.torch_arrays": "read_torch torch",
        },
    )
