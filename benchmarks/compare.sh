#!/usr/bin/env bash
# Compares CvDsl with PyTorch and OpenBLAS: times both by turns on the same work, so that what else the machine does falls on both.
#
# Usage: compare.sh [THREADS] [WORKLOAD...]    training steps (all cores and all workloads unless told otherwise)
#        compare.sh kernels                    products, convolutions, loops and shares of the peak, on 1 and on all cores, and the time that compiling takes
#
# Prints one JSON object a workload or kernel: {"workload", "threads", "ratio_median", "ratio_min", "ratio_max", ...}, where a round's ratio is
# the peer's median time / ours: above 1, CvDsl is the faster. Notes go to stderr.
# ROUNDS (6) is the number of rounds; the order of the two alternates. Needs Debian's python3-torch and libopenblas0-pthread.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
peer=$here/peer_torch.py
rounds=${ROUNDS:-6}

"$peer" --list >/dev/null # exits with 2, naming the packages, where PyTorch is missing
dotnet build -c Release -v quiet --nologo "$here/Cv.Benchmarks" >&2
cvdsl() { dotnet run -c Release --no-build --project "$here/Cv.Benchmarks" -- --rounds "$rounds" "$@"; }

if [[ ${1:-} == kernels ]]; then
  for threads in $(printf '%s\n' 1 "$(nproc)" | sort -un); do
    cvdsl gemm --threads "$threads"
    cvdsl convolution --threads "$threads" --peer "$peer"
    cvdsl loops --threads "$threads"
    cvdsl --share --threads "$threads"
  done
  cvdsl compile
  exit
fi
threads=${1:-$(nproc)}
[[ $threads =~ ^[1-9][0-9]*$ ]] || { echo "usage: compare.sh [THREADS] [WORKLOAD...] | compare.sh kernels" >&2; exit 2; }
cvdsl --threads "$threads" --peer "$peer" "${@:2}"
