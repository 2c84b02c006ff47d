#!/bin/bash
# On Debian 12 (or one like it): installs what simdclip needs, builds it, and ranks sentences for pictures.
#   ./setup.sh            apt-get is used only where a package is missing, which takes root
set -eu
cd "$(dirname "$0")"
. scripts/packages.sh
install_packages "${build_packages[@]}"

mkdir -p build
cmake --preset release -DSIMDCLIP_BUILD_TESTS=OFF -DSIMDCLIP_BUILD_BENCH=OFF -B build/setup "${launcher[@]}" >build/setup.log 2>&1 || {
  cat build/setup.log; exit 1; }
cmake --build build/setup --parallel "$(nproc)"
program=build/setup/tools/simdclip
"$program" --version

pictures=(assets/demo/*.png)
"$program" rank "${pictures[@]:0:10}" --top 2 \
  --text "a musical instrument" "an animal" "food" "a vehicle" "a tool" "a person" "a building" "a plant"
echo
echo "The demo pictures indexed, and searched for \"a musical instrument\":"
"$program" index assets/demo -o build/setup/demo.index
"$program" search build/setup/demo.index "a musical instrument" --top 5 --html build/setup/found.html
echo "The contact sheet is $PWD/build/setup/found.html; any browser shows it."
echo
echo "The program is $PWD/$program; cmake --install build/setup installs it."
