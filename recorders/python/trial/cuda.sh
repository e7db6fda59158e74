#!/bin/sh
# Tries the recorder on a GPU: cuda.sh OUTDIR [DEVICE]. Needs python3 with torch, and nothing else that is not in this
# repository. Leaves OUTDIR/traces.tar.gz, to be judged anywhere, and OUTDIR/trial.txt.
set -eu
out=$1
device=${2:-cuda}
python=${PYTHON:-python3}
here=$(cd "$(dirname "$0")" && pwd)
fixtures=$(cd "$here/../../../fixtures/pytorch" && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)
runs=$out/runs
{
  "$python" -c 'import sys, torch; print(sys.version.split()[0], torch.__version__, torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU")'
  scripts=$(ls "$fixtures"/*.py | grep -v /loop.py)
  # shellcheck disable=SC2086
  "$python" "$here/trial.py" --out "$runs" --device "$device" --resume-at 4 --fixed --jobs "${JOBS:-16}" $scripts
  # A step's cost, alone on the machine: a network of 10 million numbers in 148 tensors.
  for rows in 128 1024; do
    timeout 60 "$python" "$here/cost.py" --device "$device" --rows "$rows" || echo "cost.py at $rows rows did not end"
  done
} 2>&1 | tee "$out/trial.txt"
tar -czf "$out/traces.tar.gz" -C "$out" runs trial.txt
rm -rf "$runs"
ls -l "$out/traces.tar.gz"
