"""Components from what a circuit does: from measured responses, and from recordings of its input and output."""

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
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
