#!/bin/bash
# Installs what the tests need where it is missing (as root), builds with warnings as errors, and passes the tests.
set -eu
cd "$(dirname "$0")"
. scripts/packages.sh
install_packages "${build_packages[@]}" "${test_packages[@]}"
cmake --preset ci -B build/check "${launcher[@]}"
cmake --build build/check --parallel "$(nproc)"
ctest --test-dir build/check --output-on-failure --parallel "$(nproc)" --no-tests=error </dev/null
