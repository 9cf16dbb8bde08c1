"""What all commands have in common."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import circuitnn as cn
from circuitnn.cli import app
from circuitnn.spice import SpiceError

ROOT = Path(__file__).parents[2]
COMMANDS = ["response", "run", "train", "fit-tone-stack", "identify", "capture-signal"]


@pytest.fixture
def failing():
    """Make the command `fail` that raises what the test asks for."""

    def added(problem):
        @app.command("fail")
        def fail():
            raise problem

        return CliRunner().invoke(app, ["fail"])

    yield added
    app.commands.pop("fail", None)


def test_the_script_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"circuitnn": "circuitnn.cli:app"}
    assert any(requirement.startswith("click") for requirement in project["dependencies"])


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_help_of_the_whole(words):
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0
    assert "Examples:" in result.output
    for command in COMMANDS:
        assert f"  circuitnn {command} " in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert max(map(len, result.output.splitlines())) <= 120
    for option in app.commands[command].params:
        if isinstance(option, click.Option):
            assert option.help, f"{option.name} says nothing"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_have_options_that_exist(command):
    known = {name for option in app.commands[command].params for name in option.opts}
    for line in re.findall(rf"circuitnn ({command} .*)", app.commands[command].epilog):
        assert set(re.findall(r"(?<= )-[-a-z]+", line.partition("   ")[0])) <= known


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["list"],
        ["run", "--help"],
        ["run", "nothing.cir", "in.wav", "out.wav"],
        ["run", "bassman", "nothing.wav", "out.wav"],
        ["run", "bassman", "tone.cir", "out.wav", "--knob", "treble=0.2"],
        ["run", "bassman", "in.wav", "out.wav", "--knob", "treble=2"],
        ["info", "nothing.npz"],
        ["response", "nothing.cir"],
        ["check", "nothing.cir"],
        ["fit-tone-stack", "nothing.cir"],
        ["identify", "bassman", "nothing.wav", "in.wav"],
        ["export", "nothing.npz", "pedal.h"],
    ],
)
def test_help_and_mistakes_do_not_wait_for_jax(words, folder):
    """In a new process: what has been imported by then, instead of a time, which would depend on the machine."""
    program = (
        f"import sys; sys.argv[1:] = {words!r}; from circuitnn.cli import app\ntry: app()\nfinally: print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=60)
    is_mistake = words != ["list"] and not words[-1].startswith("--")
    assert (done.returncode, done.stderr[:7]) == ((2, "error: ") if is_mistake else (0, ""))
    imported = set(done.stdout.splitlines()[-1].split())
    assert not {"jax", "flax", "optax", "scipy", "matplotlib"} & imported
    assert is_mistake or words == ["list"] or "numpy" not in imported


def test_version():
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, "circuitnn 0.1.0\n")


def test_wrong_usage_is_one_line():
    for words in (["bogus"], ["response"], ["response", "--bogus"], ["run", "a", "b"]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 2
        assert re.fullmatch(r"error: .* --help tells the usage\)\n", result.stderr)
        assert not result.stdout


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (ValueError("a\n    b"), 2),
        (cn.CircuitError("a | b"), 2),
        (cn.audio.AudioError("a | b"), 2),
        (cn.train.CheckpointError("a | b"), 2),
        (FileNotFoundError("a | b"), 2),
        (PermissionError("a | b"), 1),
        (SpiceError("a\nb"), 1),
        (cn.train.DivergenceError("a | b"), 1),
    ],
)
def test_what_the_library_says_is_one_line(problem, status, failing):
    result = failing(problem)
    assert (result.exit_code, result.stderr) == (status, "error: a | b\n")


def test_a_bug_keeps_its_traceback(failing):
    assert isinstance(failing(RuntimeError("a bug")).exception, RuntimeError)


def test_stopped_by_the_user(failing):
    result = failing(KeyboardInterrupt())
    assert result.exit_code == 130
    assert "stopped" in result.stderr


def test_as_a_program(folder):
    """In a process of its own, as users call it: an error without a traceback, as CliRunner has it elsewhere."""
    program = [sys.executable, "-m", "circuitnn.cli", "response", "tone.cir", "-o", "t.xyz"]
    wrong = subprocess.run(program, cwd=folder, capture_output=True, text=True, timeout=120)
    assert wrong.returncode == 2
    assert wrong.stderr == "error: t.xyz: the name ends in .png, .svg, .pdf for a picture, or .csv for a table\n"
