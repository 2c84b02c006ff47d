#!/usr/bin/env bash
# Lays out every hand-written C++ file as .clang-format says. Needs clang-format 14 (Debian 12: clang-format); what scripts
# wrote (tables, Unicode data) stays as it was written. With --check nothing is changed: the files that would be are named.
set -euo pipefail
cd "$(dirname "$0")/.."
how=(-i)
if [ "${1:-}" = --check ]; then how=(--dry-run -Werror); fi
git ls-files '*.cpp' '*.h' '*.inl' | grep -v -e /generated/ -e convert/arch_table.cpp -e convert/timm_table.cpp |
  xargs clang-format "${how[@]}"
