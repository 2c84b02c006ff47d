#!/bin/bash
# example_test.sh PROGRAM ASSETS: examples/search.cpp indexes a folder and finds the giraffe in it.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
for name in giraffe bank soup tram-car; do cp "$2/demo/$name.png" "$work/"; done
first=$("$1" "$2/default.sclip" "$work" "a giraffe"); echo "$first"
[ "$(echo "$first" | head -1)" = "4 pictures, 4 of them new" ]
echo "$first" | sed -n 2p | grep -q giraffe.png
again=$("$1" "$2/default.sclip" "$work" "a giraffe")
[ "$(echo "$again" | head -1)" = "4 pictures, 0 of them new" ]
