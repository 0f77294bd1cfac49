#!/usr/bin/env bash
# Drives the reader of a format by coverage: tests/Cv.Fuzz/afl.sh FORMAT [SECONDS]
# Needs afl++ (afl-fuzz). Instruments copies of the library's assemblies alone; what it finds is in TestResults/afl/FORMAT.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
format=$1
seconds=${2:-300}
out=TestResults/afl/bin
work=TestResults/afl/$format

if [ ! -e "$out/instrumented" ]; then
  dotnet tool restore
  dotnet publish tests/Cv.Fuzz -c Release -o "$out" -p:UseAppHost=false
  for library in Cv.Dsl Cv.Runtime Cv.Compiler Cv.Practice; do
    dotnet sharpfuzz "$out/$library.dll"
  done
  touch "$out/instrumented"
fi

rm -rf "$work"
mkdir -p "$work"
dotnet "$out/Cv.Fuzz.dll" seeds "$format" "$work/seeds"
export AFL_SKIP_BIN_CHECK=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_NO_UI=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
# a run may wait for the processor; what takes over 2 s of it the program itself tells as a fault
afl-fuzz -i "$work/seeds" -o "$work/found" -t 20000 -m none -V "$seconds" -- dotnet "$out/Cv.Fuzz.dll" afl "$format" >"$work/log"
grep -E '^(run_time|execs_done|corpus_count|edges_found|saved_crashes|saved_hangs|bitmap_cvg)' "$work/found/default/fuzzer_stats"
[ -z "$(ls -A "$work/found/default/crashes" 2>/dev/null | grep -v README)" ]
