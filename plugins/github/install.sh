#!/usr/bin/env bash
# Installs kusion-render from the checkout that this action is part of, once a job, beside whatever Python the job uses.
set -euo pipefail

home=$RUNNER_TEMP/kusion-render

# With -I, and from our own folder: a `venv.py` or `pip.py` of the repository in the working folder must not be run.
cd "$GITHUB_ACTION_PATH"
if [[ $(cat "$home/installed" 2>/dev/null) != "$GITHUB_ACTION_PATH" ]]; then
  if ! "$KR_PYTHON" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "::error::kusion-render needs Python 3.11 or later; run actions/setup-python before this action"
    exit 3
  fi
  "$KR_PYTHON" -I -m venv --clear "$home/venv"
  "$home/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check "$GITHUB_ACTION_PATH/../.."
  # A folder with this one program, so that the job's `python` stays what it is.
  mkdir -p "$home/bin"
  ln -sf "$home/venv/bin/kusion-render" "$home/bin/kusion-render"
  printf '%s' "$GITHUB_ACTION_PATH" >"$home/installed"
fi
printf '%s\n' "$home/bin" >>"$GITHUB_PATH"
