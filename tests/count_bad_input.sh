#!/bin/bash
# count_bad_input.sh [BUILD]: how many cases of bad input the tests hold, each of which must end in an error that helps (the table
# of docs/building.md). Runs the tests that count for themselves; of the others one test is one case. Fails below 150, and where a
# test fails.
set -eu
build=${1:-build}
report=$(mktemp)
trap 'rm -f "$report"' EXIT
total=0
row() {
  printf '%6d  %s\n' "$2" "$1"
  total=$((total + $2))
}
listed() {  # WHAT PROGRAM FILTER
  row "$1" "$("$build/tests/$2/test_$2" --gtest_list_tests --gtest_filter="$3" | grep -c '^  ')"
}
counted() {  # WHAT PROGRAM FILTER
  "$build/tests/$2/test_$2" --gtest_filter="$3" --gtest_output="json:$report" >/dev/null
  row "$1" "$(grep -oE '"cases": "?[0-9]+' "$report" | grep -oE '[0-9]+' | awk '{n += $1} END {print n + 0}')"
}
counted "fields of .sclip with right checksums" format 'HostileFile.*'
listed "safetensors" convert '*BadSafetensors*'
listed "torch files" convert '*BadTorch*'
listed "pickles" convert '*BadPickle*'
listed "zip archives" convert '*BadZip*'
listed "npz archives" convert '*BadNpz*'
listed "open_clip configurations" convert '*BadOpenClip*'
listed "transformers configurations" convert '*BadTransformers*'
counted "pictures cut off" image 'Hostile.Truncated*'
counted "command lines" tools 'Errors.*'
printf '%6d  in all\n' "$total"
[ "$total" -ge 150 ]
