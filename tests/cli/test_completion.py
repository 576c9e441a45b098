# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests completion: what `clyde complete` lists, against the help and the
tables, and the completion in bash, zsh and fish, each driven as its user
would.
"""

import os
import pathlib
import pty
import re
import shutil
import subprocess
import tty

import pytest

CLYDE = pathlib.Path(os.environ["CLYDE"]).resolve()
SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"]).resolve()
SCRIPTS = SOURCE / "completions"
SERIAL = "C3-20230101T120000Z"
SECONDS = 60

ENVIRONMENT = dict(os.environ, TERM="dumb", LC_ALL="C.UTF-8",
                   PATH=f"{CLYDE.parent}:{os.environ['PATH']}")


def run(*arguments, **options):
    done = subprocess.run(
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=SECONDS, env=ENVIRONMENT,
        **options)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def complete(*words):
    """Returns the lines of `clyde complete`: word, meaning."""
    lines = run(str(CLYDE), "complete", "--", *words).splitlines()
    assert all(line.count("\t") == 1 for line in lines), lines
    return [tuple(line.split("\t")) for line in lines]


def words(*line):
    return [word for word, _ in complete(*line)]


def help_of(*line):
    return run(str(CLYDE), *line, "--help")


def commands():
    text = help_of().split("Commands:")[1].split("\n\n")[0]
    return re.findall(r"^  (\w+)", text, re.M)


def applets():
    return [line.split()[0] for line in run(str(CLYDE), "run").splitlines()]


def names():
    """The applets with their aliases."""
    return [name for line in run(str(CLYDE), "run").splitlines()
            for found in re.findall(r"^([a-z0-9-]+)(?: \((.*?)\))?", line)
            for name in " ".join(found).split()]


def options(*line):
    """Those that can be given before a verb."""
    text = re.sub(r"^ With .*?:\n(?:  .*\n)+", "", help_of(*line), flags=re.M)
    return set(re.findall(r"^  +(?:-\w, )*(?:-\?, )?(--[a-z0-9-]+)", text, re.M))


# ---- The tables ------------------------------------------------------------

def test_the_first_word_is_a_command():
    assert sorted(words("")) == sorted(commands())
    assert words("li") == ["list"]
    assert sorted(words("-d", "virtual:", "--log=info", "")) == \
        sorted(commands())


def test_run_lists_its_applets():
    assert sorted(words("run", "")) == sorted(names())
    assert words("run", "control-g") == ["control-gpio"]
    assert words("run", "uart", "--tx", "A0", "++", "gp") == ["gpio"]
    assert words("run", "uart", "+") == ["++"]


def test_every_option_that_the_help_shows_is_listed():
    lines = [()] + [(name,) for name in commands()] + \
        [("run", name) for name in applets()]
    for line in lines:
        assert set(words(*line, "--")) == options(*line), line
        assert options(*line), line


def test_letters_are_listed_behind_a_hyphen():
    assert {"-c", "--count", "-V", "-d"} <= set(
        words("run", "benchmark", "-"))


def test_a_meaning_is_that_of_the_help():
    for word, meaning in complete("run", ""):
        assert meaning and word in run(str(CLYDE), "run")
        assert meaning in run(str(CLYDE), "run")


def choices(applet, name):
    """Returns the choices of an option or word, which the help lists in its
    row."""
    text = re.split(rf"\n +{name}\b", help_of("run", applet))[1]
    text = " ".join(text.split())
    return re.search(r"(?:any|one) of: ([\w ]+)", text)[1].split()


def test_an_options_choices_are_those_of_its_help():
    parity = choices("uart", "--parity")
    assert "even" in parity
    assert words("run", "uart", "--parity", "") == parity
    assert words("run", "uart", "--parity=") == [
        f"--parity={word}" for word in parity]
    assert words("run", "uart", "--par=o") == ["--par=one", "--par=odd"]


def test_choices_of_an_argument_are_listed_without_an_options_name():
    modes = choices("benchmark", "MODES")
    assert words("run", "benchmark", "") == modes
    assert words("run", "benchmark", "-c", "1MiB", "source", "") == modes
    assert words("run", "uart", "") == choices("uart", "MODE")
    assert complete("run", "uart", "pty", "") == [("", "files ")]


def test_every_choice_that_is_offered_is_accepted():
    """Uses the parser of the tool itself: a wrong choice is a usage error."""
    for option, value in [("--revision", ""), ("--pace", "")]:
        offered = words("virtual", option, value)
        assert offered
        for word in offered:
            run(str(CLYDE), "virtual", option, word, "--", "true")
    for word in words("--log", ""):
        run(str(CLYDE), "--log", word, "help", "statuses")
    for word in words("run", "gpio", ""):
        more = [] if re.match("[AB]", word) else ["A0"]
        more += ["--for", "1us"] if word == "watch" else []
        done = subprocess.run(
            [CLYDE, "-d", "virtual:", "run", "gpio", "-V", "3.3", word,
             *more], capture_output=True, timeout=SECONDS)
        assert done.returncode == 0, done


def test_a_number_is_completed_by_units_and_a_default():
    assert words("run", "benchmark", "-c", "64") == [
        "64KiB", "64MiB", "64GiB"]
    assert words("run", "benchmark", "-c64K") == ["-c64KiB"]
    assert words("run", "gpio", "--for", "5") == ["5ns", "5us", "5ms", "5s"]
    assert complete("run", "uart", "-b", "") == [("115200", "default")]


def test_pins_are_completed_behind_others():
    assert words("run", "uart", "--tx", "")[:2] == ["A0", "A1"]
    assert "A0,B7" in words("run", "gpio", "--pins", "A0,")
    assert "A0-B7" in words("virtual", "--wire", "A0-B")


def test_serial_numbers_are_those_of_the_devices_that_device_names():
    assert words("-d", "virtual:devices=2", "-s", "") == [
        SERIAL, SERIAL[:-2] + "1Z"]
    assert words("info", "--device=virtual:", "--serial=C") == [
        f"--serial={SERIAL}"]


def test_keys_of_the_virtual_device_are_those_of_its_page():
    page = (SOURCE / "man/clyde-virtual.7.scd").read_text()
    keys = words("-d", "virtual:")
    assert "virtual:revision=" in keys
    for key in keys:
        name = key[len("virtual:"):-1]
        assert re.search(rf"\*{re.sub('[AB]$', '', name)}", page), name
    assert words("-d", "virtual:api=3,confi") == [
        "virtual:api=3,configured="]
    assert {"virtual:", "usb:"} <= set(words("-d", ""))


def test_files_and_commands_are_left_to_the_shell():
    assert complete("load", "") == [("", "files ")]
    assert complete("report", "a.json", "-o", "b") == [("", "files ")]
    assert complete("list", "--json=x") == [("", "files --json=")]
    assert complete("selftest", "--report", "") == [("", "files ")]
    assert complete("virtual", "--", "ls") == [("", "command 1")]
    assert complete("virtual", "lsusb", "-") == [("", "command 2")]


def test_help_is_completed_with_commands_and_applets():
    assert sorted(words("help", "")) == sorted(commands() + ["statuses"])
    assert words("help", "run", "b") == ["benchmark"]


def test_where_no_word_fits_options_are_listed():
    assert set(words("info", "")) == options("info")


def test_complete_opens_no_device_and_writes_no_file(tmp_path):
    """Options open files only when they are parsed for a command."""
    json, capture = tmp_path / "json", tmp_path / "pcap"
    words("-d", "virtual:", "--capture", str(capture), "info", "--json",
          str(json), "--")
    words("run", "uart", "--json", str(json), "pty", "", "")
    assert list(tmp_path.iterdir()) == []


def test_an_invalid_line_lists_nothing():
    assert complete("run", "nothing-like-that", "") == []
    assert complete("voltage", "A", "3.3", "x") == []
    done = subprocess.run([CLYDE, "complete", "--", "nothing", ""],
                          capture_output=True, timeout=SECONDS)
    assert (done.returncode, done.stdout) == (64, b"")
    done = subprocess.run([CLYDE, "complete"], capture_output=True,
                          timeout=SECONDS)
    assert done.returncode == 64 and b"WORD is missing" in done.stderr


# ---- Shells ----------------------------------------------------------------

def terminal(command, keys, folder):
    """Runs a program on a terminal of its own; returns what it printed until
    it ended.  The terminal is raw from the start, so keys wait there unchanged
    until the shell reads them."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder,
        env=dict(ENVIRONMENT, HOME=str(folder), ZDOTDIR=str(folder)),
        start_new_session=True)
    os.close(theirs)
    os.write(ours, keys.encode())
    output = b""
    try:
        while piece := os.read(ours, 4096):
            output += piece
    except OSError:  # The other end of the terminal is closed.
        pass
    os.close(ours)
    assert process.wait(SECONDS) is not None
    return output.decode(errors="replace")


class Bash:
    name = "bash"

    def __init__(self, folder):
        self.folder = folder
        (folder / "rc").write_text(f"""
            source {SCRIPTS / "clyde.bash"}
            bind 'set completion-query-items -1' 'set page-completions off'
            bind 'set bell-style none' 'set enable-bracketed-paste off'
            PS1='> '
            show() {{ _clyde "$@"; printf '%s\\n' "${{COMPREPLY[@]}}" >>seen; }}
            complete -F show clyde
            """)

    def candidates(self, line):
        """Uses readline's own way of cutting a line into words: at = and :
        too."""
        seen = self.folder / "seen"
        seen.unlink(missing_ok=True)
        terminal(["bash", "--rcfile", "rc", "-i"], line + "\t\x15exit\r",
                 self.folder)
        cut = re.search(r"[^ ]*[=:]|$", line.split(" ")[-1])[0]
        return [cut + word for word in seen.read_text().split("\n") if word]

    def typed(self, line, rest):
        return terminal(["bash", "--rcfile", "rc", "-i"],
                        f"{line}\t{rest}\rexit\r", self.folder)


class Zsh:
    name = "zsh"

    def __init__(self, folder):
        self.folder = folder
        (folder / ".zshrc").write_text(f"""
            fpath=({SCRIPTS} $fpath)
            autoload -U compinit
            compinit -u -D
            compadd() {{
                local -a found
                builtin compadd -O found "$@"
                (($#found)) && print -rl -- $found >>seen
                builtin compadd "$@"
            }}
            LISTMAX=10000
            unsetopt zle_bracketed_paste beep
            PS1='> '
            """)

    def candidates(self, line):
        seen = self.folder / "seen"
        seen.unlink(missing_ok=True)
        terminal(["zsh", "-i"], line + "\t\x15exit\r", self.folder)
        found = seen.read_text().split() if seen.exists() else []
        # The completion of a file comes without its folder.
        prefix = re.match(r"--[a-z-]+=|", line.split(" ")[-1])[0]
        return [word if word.startswith(prefix) else prefix + word
                for word in dict.fromkeys(found)]

    def typed(self, line, rest):
        return terminal(["zsh", "-i"], f"{line}\t{rest}\rexit\r", self.folder)


class Fish:
    name = "fish"

    def __init__(self, folder):
        self.folder = folder

    def candidates(self, line):
        output = run("fish", "--no-config", "-c",
                     f"source {SCRIPTS / 'clyde.fish'}; complete -C $argv",
                     line, cwd=self.folder)
        return [found.split("\t")[0] for found in output.splitlines()]


@pytest.fixture(params=[Bash, Zsh, Fish], ids=lambda shell: shell.name)
def shell(request, tmp_path):
    if shutil.which(request.param.name) is None:
        pytest.skip(f"{request.param.name} is not installed")
    return request.param(tmp_path)


def test_a_shell_completes_commands(shell):
    assert sorted(shell.candidates("clyde ")) == sorted(commands())


def test_a_shell_completes_applets(shell):
    assert sorted(shell.candidates("clyde -d virtual: run ")) == \
        sorted(names())


def test_a_shell_completes_an_applets_options(shell):
    assert set(shell.candidates("clyde run uart --")) == \
        options("run", "uart")


def test_a_shell_completes_choices(shell):
    parity = choices("uart", "--parity")
    assert sorted(shell.candidates("clyde run uart --parity ")) == \
        sorted(parity)
    assert sorted(shell.candidates("clyde run uart --parity=")) == \
        sorted(f"--parity={word}" for word in parity)


def test_a_shell_completes_keys_of_the_virtual_device(shell):
    assert sorted(shell.candidates("clyde -d virtual:api=3,load")) == [
        "virtual:api=3,loadA=", "virtual:api=3,loadB="]


def test_a_shell_completes_serial_numbers(shell):
    assert sorted(shell.candidates("clyde -d virtual:devices=2 -s ")) == [
        SERIAL, SERIAL[:-2] + "1Z"]


def test_a_shell_completes_files(shell):
    (shell.folder / "today.json").touch()
    (shell.folder / "tonight.json").touch()
    assert sorted(shell.candidates("clyde report to")) == [
        "today.json", "tonight.json"]
    assert sorted(shell.candidates("clyde list --json=to")) == [
        "--json=today.json", "--json=tonight.json"]


def test_a_shell_completes_the_command_that_is_run_with_a_device(shell):
    assert "sha256sum" in shell.candidates("clyde virtual -- sha256s")


def test_a_completed_line_runs(shell):
    """After a key no blank is inserted; the completed line is executed."""
    if not hasattr(shell, "typed"):
        assert shell.candidates("clyde -d virtual:confi") == [
            "virtual:configured="]
        return
    output = shell.typed("clyde -d virtual:confi", "1 list")
    assert re.search(rf"(?:\n|> ){SERIAL} .* virtual:configured=1\r?\n", output), \
        output
