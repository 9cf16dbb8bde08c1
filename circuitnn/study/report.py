"""The report of a study: one page that needs nothing but itself, and its figures as PNG files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from circuitnn.files import replacing
from circuitnn.pages import templates
from circuitnn.study import breakdown, convergence, families, leaderboard, players, rankings, ranks, wording
from circuitnn.study.cells import PARTS
from circuitnn.study.definition import Study
from circuitnn.study.hypotheses import judged
from circuitnn.study.records import NODAL, Records, ReportError, Spread, free_running

TEMPLATE = "report.html.j2"


def check_extras() -> None:
    """See whether the packages that the report needs are there.

    Raises:
        ReportError: when one is missing; it says how to install it.
    """
    missing = templates.missing_package()
    if missing is not None:
        raise ReportError(missing)


def write(folder: Path, study: Study) -> Path:
    """Write the PNGs, report.html and leaderboard.html from results.json and curves.npz, each whole or not at all.

    Args:
        folder: where the results are, and where the report goes.
        study: what it is about.

    Returns:
        the path of report.html.

    Raises:
        ReportError: when the results cannot be read, the folder cannot be written, or a package is missing.
    """
    check_extras()
    folder = Path(folder)
    records = Records.read(folder)
    pictures = drawn(records)
    page = render(records, pictures, study)
    try:
        for picture in (one for section in pictures.values() for one in section):
            with replacing(folder / picture.name) as file:
                file.write(picture.png)
        path = folder / "report.html"
        with replacing(path) as file:
            file.write(page.encode())
        with replacing(folder / "leaderboard.html") as file:
            file.write(leaderboard.page(records, study).encode())
    except OSError as error:
        raise ReportError(f"{folder}: cannot be written ({error.strerror or error})") from error
    return path


def drawn(records: Records) -> dict[str, list]:
    """All figures, by section of the page: each says in its title what its data show."""
    from circuitnn.study import points, spectra, style, traces  # which need matplotlib
    from circuitnn.study.cost import cost

    with style.context(), style.telling_apart(records.regimes):
        return {
            "error": [points.error(records), *filter(None, [cost(records)])],
            "bias": [points.bias(records)] if records.state_models else [],
            "horizon": [p for circuit in records.circuits if (p := traces.horizon(records, circuit))],
            "spectra": [p for circuit in records.circuits if (p := spectra.spectra(records, circuit))],
            "waveforms": [p for circuit in records.circuits if (p := traces.waveforms(records, circuit))],
        }


def render(records: Records, pictures: Mapping[str, list], study: Study) -> str:
    """The page, as HTML; all text from the results is escaped."""
    functions = (
        wording.db,
        wording.probability,
        wording.verdict,
        wording.better,
        wording.bias_verdict,
        wording.counted,
        wording.effect,
        wording.failures,
        wording.bias_db,
        wording.listed,
        wording.plural,
    )
    return templates.rendered(
        Path(__file__).with_name(TEMPLATE),
        {function.__name__: function for function in functions},
        records=records,
        header=records.header,
        pictures=pictures,
        study=study,
        headline=[
            text
            for text in (study.headline(records), convergence.how_far(records), convergence.worse_than_silence(records))
            if text
        ],
        summary=_summary(records),
        players=[
            (records.title(circuit), sounds) for circuit in records.circuits if (sounds := players.of(records, circuit))
        ],
        findings=study.findings(records),
        sections=study.sections(records) if study.sections else (),
        tables=[_table(records, circuit) for circuit in records.circuits],
        circuits=[_circuit(records, study, circuit) for circuit in records.circuits],
        regimes={name: study.regimes[name].title if name in study.regimes else name for name in records.regimes},
        between=families.between_regimes(records),
        within=families.within_models(records),
        boxes=families.against_black_boxes(records),
        biases=families.bias_under_teacher_forcing(records),
        judgements=judged(records),
        stated=_stated(records.header),
        rankings=[(title, r) for title, r in _rankings(records) if r],
        parts=[part for circuit in records.circuits if (part := _by_part(records, circuit))],
        troubles=wording.troubles(records),
        facts=_facts(records.header),
        made=_moment(records.header),
        level=ranks.LEVEL,
        others=[head for head, _ in wording.OTHER.values()],
        has_others=any(row.get(key) is not None for row in records.rows for key in wording.OTHER),
        rates=wording.rates(records),
        amount=wording.amount(records),
        smallest=[(n, 2.0 ** (1 - n)) for n in (4, 5, 6, 10)],
    )


def _table(records: Records, circuit: str) -> dict[str, Any]:
    """Medians and ranges over seeds; `best` marks the lowest median free-running error of a trained model."""
    lines = []
    medians = {}
    for model, regime in records.runs(circuit):
        values = {key: records.spread(key, circuit, model, regime) for key in wording.COLUMNS}
        cells = [wording.spread(values[key], form) for key, form in wording.COLUMNS.items()]
        runs = len(records.select(circuit, model, regime))
        told = {key: records.spread(key, circuit, model, regime) for key in wording.OTHER}
        other = [wording.spread(told[key], form) for key, (_, form) in wording.OTHER.items()]
        lines.append({"model": model, "regime": regime, "runs": runs, "cells": cells, "other": other})
        if model != NODAL:
            medians[model, regime] = values["free_running"].median
    best = min(medians, key=lambda key: medians[key], default=(None, None))
    return {"title": records.title(circuit), "lines": lines, "best": best}


def _summary(records: Records) -> list[dict[str, Any]]:
    """A line for each regime: medians over models with circuit states and seeds, and the effect against the first."""
    against = {c.first: c for c in families.between_regimes(records) if c.second == families.BASELINE}
    lines = []
    for regime in records.regimes if against else ():
        rows = [row for model in records.state_models for row in records.select(None, model, regime)]
        errors = [
            wording.esr(Spread(tuple(free_running(row) for row in rows if row["circuit"] == circuit)).median)
            for circuit in records.circuits
        ]
        lines.append({"regime": regime, "errors": errors, "comparison": against.get(regime)})
    return lines


def _rankings(records: Records) -> list[tuple[str, rankings.Ranking | None]]:
    return [
        ("Training regimes, over circuits and models", rankings.ranked_regimes(records)),
        *((f"Models under {name}, over circuits", rankings.ranked_models(records, name)) for name in records.regimes),
    ]


def _by_part(records: Records, circuit: str) -> dict[str, Any] | None:
    """Errors by recording and by level beside the pooled ones; None for results without."""
    found = {run: breakdown.by_part(records, circuit, *run) for run in records.runs(circuit)}
    heads = [
        (column, name)
        for column in PARTS
        for name in dict.fromkeys(name for values in found.values() for name in values.get(column, ()))
        if name  # a device without knobs has one position, which has no words
    ]
    if not heads:
        return None
    lines = []
    for (model, regime), values in found.items():
        told = [values.get(column, {}).get(name, Spread(())) for column, name in heads]
        pooled = records.spread("free_running", circuit, model, regime)
        cells = [wording.spread(spread, wording.esr) for spread in (pooled, *told)]
        lines.append({"model": model, "regime": regime, "cells": cells})
    return {"title": records.title(circuit), "heads": [name for _, name in heads], "lines": lines}


def _stated(header: Mapping[str, Any]) -> str:
    """When the hypotheses were written down; empty for results from before there were any."""
    description = header.get("description")
    return str(description.get("stated", ""))[:16].replace("T", " ") if isinstance(description, Mapping) else ""


def _circuit(records: Records, study: Study, circuit: str) -> dict[str, Any]:
    about = records.header.get("circuits", {}).get(circuit, {})
    return {
        "title": records.title(circuit),
        "schematic": study.targets[circuit].schematic if circuit in study.targets else "",
        "netlist": str(about.get("netlist", "")).strip(),
        "states": [str(name) for name in about.get("state_names", [])],
    }


def _facts(header: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the run was made with, in words."""
    data, compute, machine = (header.get(key) or {} for key in ("data", "compute", "machine"))
    files = data.get("files") or []
    names = [f"{part}: {', '.join(f)}" for part, f in files.items() if f] if isinstance(files, Mapping) else files
    parts = ", ".join(
        f"{part} {data[key]:.3g} s"
        for part in ("train", "validation", "test")
        if (data.get(key := f"{part}_seconds")) is not None
    )
    own = [
        one["volts_at_full_scale"] for one in (header.get("circuits") or {}).values() if "volts_at_full_scale" in one
    ]
    volts = ", ".join(f"{value:g}" for value in dict.fromkeys(own)) or data.get("volts_at_full_scale")
    facts = {
        "Data": f"{data.get('source', wording.NONE)}; {parts}",
        "Recordings": "; ".join(map(str, names)),
        "Sample rate, level": f"{data.get('fs', wording.NONE)} Hz; full scale is {volts} V",
        "Training, every run": ", ".join(
            f"{compute[key]:,} {text}".replace(",", "\u202f")
            for key, text in (
                ("seconds", "s"),
                ("updates", "updates"),
                ("batch", "windows in a batch"),
                ("length", "samples with a loss in a window"),
                ("warmup", "without before them"),
                ("gradient_samples", "samples with a gradient in all"),
            )
            # In equal time each run has updates of its own.
            if compute.get(key) is not None and not ("seconds" in compute and key in ("updates", "gradient_samples"))
        ),
        "Made": f"{_moment(header)}, preset {header.get('preset', wording.NONE)}"
        + (f", {header['seconds'] / 60:.1f} minutes in all" if header.get("seconds") is not None else ""),
        "Command": str(header.get("command", wording.NONE)),
        "Machine": ", ".join(
            str(text)
            for text in (
                machine.get("cpu"),
                machine.get("cores") and f"{machine['cores']} cores",
                machine.get("memory_gb") and f"{machine['memory_gb']:.0f} GB",
                machine.get("platform"),
            )
            if text
        ),
        "Versions": ", ".join(f"{name} {version}" for name, version in (header.get("versions") or {}).items()),
    }
    return [(name, text) for name, text in facts.items() if text]


def _moment(header: Mapping[str, Any]) -> str:
    return str(header.get("created", wording.NONE))[:16].replace("T", " ")
