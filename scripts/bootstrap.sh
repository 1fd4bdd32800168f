#!/bin/sh
# Makes or updates .venv with everything that is needed to run, test and check Sadu.
#
# With uv where there is one; else a plain virtual environment into which uv is put; else, where uv cannot be had, pip
# alone with the exported requirements. All three install what the lock file says, checked by hashes.
# PYTHON names the interpreter to use; it is not asked for when uv is there.
set -eu

cd "$(dirname "$0")/.."
# Compiled now, so that no start has to do it: it is a second or two each time where Python is told to keep no bytecode.
UV_COMPILE_BYTECODE=1
UV_PROJECT_ENVIRONMENT=.venv
# A company's own certificates are among the system's, which pip believes as well.
UV_SYSTEM_CERTS=1
export UV_COMPILE_BYTECODE UV_PROJECT_ENVIRONMENT UV_SYSTEM_CERTS
unset VIRTUAL_ENV

say() {
    printf '%s\n' "$*" >&2
}

stop() {
    say "error: $*"
    exit 1
}

runs() {
    "$@" >/dev/null 2>&1
}

# Sets `python` to the first interpreter that is new enough and can make virtual environments.
choose_python() {
    python= old= incomplete=
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if ! runs "$candidate" -c ''; then
            continue
        elif ! runs "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            old=${old:-$candidate}
        elif ! runs "$candidate" -c 'import ensurepip, venv'; then
            incomplete=${incomplete:-$candidate}
        else
            python=$candidate
            return
        fi
    done
    if [ -n "$incomplete" ]; then
        stop "$incomplete cannot make virtual environments. Install its venv module: apt-get install $(basename "$incomplete")-venv"
    elif [ -n "$old" ]; then
        stop "Sadu needs Python 3.11 or newer, and $old is $("$old" -c 'import platform; print(platform.python_version())')."
    fi
    stop "Sadu needs Python 3.11 or newer, and there is no python3 here. Install it: apt-get install python3 python3-venv"
}

make_environment() {
    if runs .venv/bin/python -m pip --version; then
        return
    fi
    choose_python
    say "Making .venv with $python"
    "$python" -m venv --clear .venv
}

with_uv_inside() {
    if ! runs .venv/bin/uv --version; then
        say "Putting uv into .venv"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check uv || return 1
    fi
    .venv/bin/uv sync --frozen --python .venv/bin/python
}

with_pip_alone() {
    say "uv could not do it here, so pip installs requirements.txt, which takes a little longer"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
}

# Asked for its version, because some version managers leave a `uv` on PATH that does not run.
if runs uv --version; then
    say "Setting up .venv with uv"
    uv sync --frozen || { make_environment && with_pip_alone; }
else
    make_environment
    with_uv_inside || with_pip_alone
fi
