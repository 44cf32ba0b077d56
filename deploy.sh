#!/usr/bin/env bash
# Puts the classifier on Google Cloud; ./deploy.sh --help explains how. The work is done in deployment/, by any Python
# from 3.10 on; it needs no packages.
set -euo pipefail
here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

for python in python3 python3.14 python3.13 python3.12 python3.11 python3.10 ${PYTHON:+"$PYTHON"}; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    exec "$python" -B "$here/deployment" "$@"
  fi
done
printf '%s\n' "deploy.sh: no Python from 3.10 on is found; PYTHON=... names one." >&2
exit 1
