"""Components from what a circuit does: from measured responses, and from recordings of its input and output."""

from typing import TYPE_CHECKING

from circuitnn.rooms import on_demand

if TYPE_CHECKING:
    from circuitnn.estimation.capture_plan import CapturePlan as CapturePlan
    from circuitnn.estimation.capture_plan import Expectation as Expectation
    from circuitnn.estimation.captures import Capture as Capture
    from circuitnn.estimation.choice_report import ChoiceReport as ChoiceReport
    from circuitnn.estimation.completion import complete as complete
    from circuitnn.estimation.completion_report import CompletionReport as CompletionReport
    from circuitnn.estimation.component_report import ComponentReport as ComponentReport
    from circuitnn.estimation.components import fit_components as fit_components
    from circuitnn.estimation.fitted_value import FittedValue as FittedValue
    from circuitnn.estimation.identification import identify as identify
    from circuitnn.estimation.identification_report import Drift as Drift
    from circuitnn.estimation.identification_report import IdentificationReport as IdentificationReport
    from circuitnn.estimation.known_combinations import KnownCombination as KnownCombination
    from circuitnn.estimation.planning import plan_captures as plan_captures
else:  # a type checker tells of names that are none
    __getattr__, __dir__ = on_demand(
        __name__,
        names={
            "circuitnn.estimation.capture_plan": "CapturePlan Expectation",
            "circuitnn.estimation.captures": "Capture",
            "circuitnn.estimation.choice_report": "ChoiceReport",
            "circuitnn.estimation.completion": "complete",
            "circuitnn.estimation.completion_report": "CompletionReport",
            "circuitnn.estimation.component_report": "ComponentReport",
            "circuitnn.estimation.components": "fit_components",
            "circuitnn.estimation.fitted_value": "FittedValue",
            "circuitnn.estimation.identification": "identify",
            "circuitnn.estimation.identification_report": "Drift IdentificationReport",
            "circuitnn.estimation.known_combinations": "KnownCombination",
            "circuitnn.estimation.planning": "plan_captures",
        },
    )
