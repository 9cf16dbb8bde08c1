"""Pages that need nothing but themselves: what was found, with pictures, in one file of HTML."""

from typing import TYPE_CHECKING

from circuitnn.rooms import on_demand

if TYPE_CHECKING:
    from circuitnn.pages.comparison_page import Difference as Difference
    from circuitnn.pages.comparison_page import Take as Take
    from circuitnn.pages.comparison_page import comparison as comparison
    from circuitnn.pages.comparison_page import differences as differences
    from circuitnn.pages.identification_page import identification as identification
    from circuitnn.pages.play_page import Setting as Setting
    from circuitnn.pages.play_page import play as play
    from circuitnn.pages.training_page import training as training
    from circuitnn.pages.training_page import waveforms as waveforms
else:  # a type checker tells of names that are none
    __getattr__, __dir__ = on_demand(
        __name__,
        names={
            "circuitnn.pages.comparison_page": "Difference Take comparison differences",
            "circuitnn.pages.identification_page": "identification",
            "circuitnn.pages.play_page": "Setting play",
            "circuitnn.pages.training_page": "training waveforms",
        },
    )
