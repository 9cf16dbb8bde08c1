"""Notebooks are kept as text (*.py, jupytext's percent format) with the executed *.ipynb beside it.

python notebooks/execute.py             run each text and write the notebook with what it shows
python notebooks/execute.py --check     run each text, and fail where the notebook beside it has other cells; no writing
python notebooks/execute.py 01*.py      only these
"""

import argparse
import functools
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from circuitnn.files import replacing

FOLDER = Path(__file__).parent
SECONDS_PER_CELL = 600


def main() -> int:
    """Runs the notebooks; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", type=Path, help="the texts; all of them when none is given")
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    sources = arguments.sources or sorted(path for path in FOLDER.glob("*.py") if path.name != Path(__file__).name)
    # Two at a time where nothing is written; notebooks that show how long something took run alone.
    workers = 2 if arguments.check else 1
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        answers = pool.map(functools.partial(run, check=arguments.check), sources)
        problems = [problem for problem in answers if problem]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def run(source: Path, *, check: bool) -> str | None:
    """Runs one notebook and says what is wrong with it."""
    target = source.with_suffix(".ipynb")
    notebook = jupytext.read(source)
    if check and not target.exists():
        return f"{target.name} is missing: make notebooks"
    if check and _cells(nbformat.read(target, as_version=4)) != _cells(notebook):
        return f"{target.name} has other cells than {source.name}: make notebooks"
    start = time.monotonic()
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(source.resolve().parent)}},
        record_timing=False,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return f"{source.name}: {error}"
    print(f"    {source.name}: {time.monotonic() - start:.0f} s", flush=True)
    if not check:
        for cell in notebook.cells:
            cell.pop("id", None)  # random: every run would change the file
            if "outputs" in cell:  # warnings name the folders of the machine
                cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        notebook.nbformat_minor = 4  # the last one without cell ids
        with replacing(target) as file:
            file.write((nbformat.writes(notebook) + "\n").encode())
    return None


def _cells(notebook: nbformat.NotebookNode) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source.strip()) for cell in notebook.cells]


if __name__ == "__main__":
    sys.exit(main())
