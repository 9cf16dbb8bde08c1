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
    status, told, imported = in_a_new_process(words)
    is_mistake = words != ["list"] and not words[-1].startswith("--")
    assert (status, told[:7]) == ((2, "error: ") if is_mistake else (0, ""))
    assert not {"jax", "flax", "optax", "scipy", "matplotlib"} & imported
    assert is_mistake or words == ["list"] or "numpy" not in imported


def in_a_new_process(words):
    """Exit status, what was said, and what has been imported by then: a time would depend on the machine."""
    program = (
        f"import sys; sys.argv[1:] = {words!r}; from circuitnn.cli import app\ntry: app()\nfinally: print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr, set(done.stdout.splitlines()[-1].split())


# Netlist, value, knob, model file and sound, each at fault; of every command that takes such a thing.
FAULTS = {
    "response": ["bad.cir", "tone.cir --set R9=1k", "tone.cir --knob treble=0.2", "tone.cir tone.cir@R9=1k"],
    "check": ["bad.cir", "tone.cir --set R9=1k"],
    "info": ["bad.cir", "bad.npz", "bad.nam"],
    "run": ["bad.cir in.wav o.wav", "tone.cir in.wav o.wav --knob treble=0.2", "bad.npz in.wav o.wav"],
    "export": ["bad.cir o.h", "tone.cir o.h --model D1=1N34A", "bad.nam o.h"],
    "play": ["bad.cir", "tone.cir --turn treble", "bad.npz"],
    "compare": ["bad.cir tone.cir", "tone.cir bad.nam", "tone.cir tone.cir@R9=1k"],
    "listen": ["bad.cir tone.cir"],
    "fit-tone-stack": ["bad.cir", "tone.cir --set R9=1k"],
    "identify": [
        "bad.cir in.wav in2.wav",
        "tone.cir in.wav in2.wav --knob treble=0.2",
        "tone.cir in.wav bad.wav",
        "tone.cir in.wav in2.wav --fit R9",
        "tone.cir diode_clipper in.wav in2.wav --fit D9.IS",
        "tone.cir in.wav in2.wav --held-out -1",
    ],
    "train": [
        "bad.cir -o o.npz",
        "tone.cir -o o.npz --learn treble",
        "in.wav bad.wav -o o.npz",
        "in.wav in2.wav -o o.npz --model gnu-16",
        "in.wav in2.wav -o o.npz --model bad.cir",
        "in.wav in2.wav -o o.npz --model tone.cir --loss mse",
        "in.wav in2.wav -o o.npz --resume",
    ],
    "study": ["nothing.toml", "bad.toml", "netlist.toml"],
    "guitar": ["o.txt"],
    "capture-signal": ["o.txt"],
}


def test_every_command_has_faults():
    assert set(app.commands) - {"list"} == set(FAULTS)


@pytest.mark.parametrize("command", FAULTS)
def test_faulty_files_are_refused_before_jax_is_imported(command, folder):
    (folder / "bad.cir").write_text((folder / "tone.cir").read_text().replace("C1 a 0 22n", "C1 a 0 22q\nQ1 a b"))
    (folder / "bad.npz").write_bytes(b"PK no archive")
    (folder / "bad.nam").write_text('{"architecture": ')
    (folder / "bad.wav").write_text("no sound")
    (folder / "bad.toml").write_text("[targets")
    (folder / "netlist.toml").write_text('[contenders]\na = "gru-2"\n[targets]\nb = "bad.cir"\n')
    (folder / "in2.wav").write_bytes((folder / "in.wav").read_bytes())
    calls = [[command, *words.split()] for words in FAULTS[command]]
    program = (
        "import sys\nfrom circuitnn.cli import app\n"
        f"for words in {calls!r}:\n"
        "    try: app(words)\n"
        "    except SystemExit as end: print(end.code, *sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stderr.count("error: ") == len(calls) == len(done.stdout.splitlines()), done.stderr
    for words, line in zip(calls, done.stdout.splitlines(), strict=True):
        status, *imported = line.split()
        assert status in ("1", "2"), words
        assert not {"jax", "flax", "optax", "scipy", "matplotlib"} & {*imported}, words


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


INTERRUPTED = """
import sys

class Finder:
    def find_spec(name, path=None, target=None):
        if name == "circuitnn.cli.commands":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Finder)
import circuitnn.cli
"""


def test_ctrl_c_while_modules_are_imported():
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "")
