#!/usr/bin/env bash
# Compares CvDsl with PyTorch: times both by turns on the same workloads, so that what else the machine does falls on both.
#
# Usage: compare.sh [THREADS] [WORKLOAD...]    (all cores and all workloads unless told otherwise)
#
# Prints one JSON object a workload: {"workload", "threads", "ratio_median", "ratio_min", "ratio_max"}, where a round's ratio is
# PyTorch's ms_median / ours: above 1, CvDsl is the faster. The rounds themselves go to stderr.
# ROUNDS (6) is the number of rounds; the order of the two alternates. Needs Debian's python3-torch and libopenblas0-pthread.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
threads=${1:-$(nproc)}
[[ $threads =~ ^[1-9][0-9]*$ ]] || { echo "usage: compare.sh [THREADS] [WORKLOAD...]" >&2; exit 2; }
workloads=("${@:2}")
rounds=${ROUNDS:-6}

known=$("$here/peer_torch.py" --list) # exits with 2, naming the packages, where PyTorch is missing
((${#workloads[@]})) || mapfile -t workloads <<<"$known"
dotnet build -c Release -v quiet --nologo "$here/Cv.Benchmarks" >&2

cvdsl() { dotnet run -c Release --no-build --project "$here/Cv.Benchmarks" -- --threads "$threads" --seconds 2 "$1"; }
pytorch() { "$here/peer_torch.py" "$threads" "$1"; }

results=$(mktemp)
trap 'rm -f "$results"' EXIT
for ((round = 1; round <= rounds; round++)); do
  for workload in "${workloads[@]}"; do
    if ((round % 2)); then turns=(cvdsl pytorch); else turns=(pytorch cvdsl); fi
    for system in "${turns[@]}"; do
      "$system" "$workload" | grep '^{' | tee -a "$results" >&2 || { echo "$system gave no figure for $workload" >&2; exit 1; }
    done
  done
done

python3 - "$threads" "$results" "${workloads[@]}" <<'PYTHON'
import json, statistics, sys

threads, results, *workloads = sys.argv[1:]
lines = [json.loads(line) for line in open(results)]
for workload in workloads:
    here = [line for line in lines if line["workload"] == workload]
    ours = [line["ms_median"] for line in here if line["system"] == "cvdsl"]
    peer = [line["ms_median"] for line in here if line["system"].startswith("pytorch")]
    ratios = [theirs / our for our, theirs in zip(ours, peer, strict=True)]
    print(json.dumps({
        "workload": workload,
        "threads": int(threads),
        "ratio_median": round(statistics.median(ratios), 3),
        "ratio_min": round(min(ratios), 3),
        "ratio_max": round(max(ratios), 3),
    }))
PYTHON
