#!/bin/sh
# Makes the virtual environment DIR, or brings an older one up to date with pyproject.toml.
#
#     sh .ci/make-venv.sh DIR        PYTHON=... names an interpreter; uv is used where it is installed
#                                    EXTRAS=... the extras of pyproject.toml, if not test and lint
set -eu
venv=$1

stop() {
    echo "freepages: $*" >&2
    exit 2
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

version_of() {
    "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null
}

if [ -n "${PYTHON:-}" ]; then
    set -- "$PYTHON"
else
    set -- python3 python3.14 python3.13 python3.12 python3.11
fi
named=$1
python=
for candidate; do
    if new_enough "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    found=$(version_of "$named") || stop "Python 3.11 or newer is needed, and $named does not run" \
        "(Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python3)"
    stop "Python 3.11 or newer is needed, and $named is $found" \
        "(install a newer one beside it and name it: make lab PYTHON=/path/to/python3)"
fi

uv=$(command -v uv) || uv=
needs='import sys'
if [ -z "$uv" ]; then
    needs='import pip'
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        stop "$python ($(version_of "$python")) cannot make a virtual environment: it has no ensurepip" \
            "(Debian, Ubuntu: apt-get install python3-venv; or install uv)"
fi

# An environment whose interpreter is gone, too old or without pip is made anew; any other one is kept.
if ! { new_enough "$venv/bin/python" && "$venv/bin/python" -c "$needs" 2>/dev/null; }; then
    echo "freepages: making $venv with Python $(version_of "$python")"
    rm -rf "$venv"
    if [ -n "$uv" ]; then
        "$uv" venv --quiet --python "$("$python" -c 'import sys; print(sys.executable)')" "$venv"
    else
        "$python" -m venv "$venv"
    fi
fi

echo "freepages: installing what pyproject.toml names into $venv"
if [ -n "$uv" ]; then
    "$uv" pip install --quiet --python "$venv/bin/python" -e ".[${EXTRAS:-test,lint}]"
else
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile -e ".[${EXTRAS:-test,lint}]"
fi

# What `freepages lab` sets, for whoever starts this environment's JupyterLab otherwise.
settings=$venv/share/jupyter/lab/settings
mkdir -p "$settings"
cp freepages/lab/labconfig/default_setting_overrides.json "$settings/overrides.json"
