"""`python -m benchmarks.state_matching.report FOLDER` writes the page again from the results in FOLDER."""

import sys

from benchmarks.exposure_bias import report
from benchmarks.state_matching.matching import STUDY

if __name__ == "__main__":
    sys.exit(report.main(study=STUDY))
