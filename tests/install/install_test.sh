#!/bin/bash
# install_test.sh SOURCE BUILD WORK CXX CMAKE
set -eu
source=$1 build=$2 work=$3 cxx=$4 cmake=$5
here=$source/tests/install
rm -rf "$work"
mkdir -p "$work"
prefix=$work/prefix
fail() { echo "FAILED: $*"; exit 1; }

"$cmake" --install "$build" --prefix "$prefix" >"$work/install.log"
mv "$prefix" "$work/moved"   # what is installed does not know where it was
prefix=$work/moved
libdir=$(dirname "$(find "$prefix" -name 'libsimdclip.so')")
[ -n "$(find "$prefix/bin" -name simdclip)" ] || fail "no program installed"
! grep -rIl "$source" "$prefix" || fail "installed files name the source folder"

# A model and a picture.
cp -r "$source/tests/fixtures/open_clip_folder/source" "$work/checkpoint"
gunzip -f "$work"/checkpoint/*.gz
"$prefix/bin/simdclip" convert "$work/checkpoint" -o "$work/model.sclip"
picture=$source/tests/fixtures/picture.png
check() {  # check NAME PROGRAM
  local got
  got=$("$2" "$work/model.sclip" "$picture") || fail "$1 exited with $?"
  echo "$1: $got"
  [ "${expected:=$got}" = "$got" ] || fail "$1 printed $got, expected $expected"
}
case $(ldd "$prefix/bin/simdclip") in *libsimdclip*) fail "the program needs the shared library" ;; esac

# find_package, both libraries.
"$cmake" -S "$here/consumer" -B "$work/consumer" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$cxx" >"$work/consumer.log"
"$cmake" --build "$work/consumer" >>"$work/consumer.log" || { cat "$work/consumer.log"; fail "find_package consumer"; }
check "find_package, shared" "$work/consumer/with_shared"
check "find_package, static" "$work/consumer/with_static"
case $(ldd "$work/consumer/with_static") in *libsimdclip*) fail "with_static uses the shared library" ;; esac

# pkg-config.
export PKG_CONFIG_PATH=$libdir/pkgconfig
[ "$(pkg-config --modversion simdclip)" = "$("$prefix/bin/simdclip" --version | awk 'NR == 1 {print $2}')" ] || fail "versions differ"
read -ra flags <<<"$(pkg-config --cflags --libs simdclip)"
"$cxx" -std=c++20 "$here/consumer/main.cpp" -o "$work/with_pc" "${flags[@]}" "-Wl,-rpath,$libdir"
check "pkg-config, shared" "$work/with_pc"

# README's example: the first C++ block, as it stands there.
awk '/^```cpp$/ {on = 1; next} /^```$/ {if (on) exit} on' "$source/README.md" >"$work/readme.cpp"
lines=$(grep -c . "$work/readme.cpp") || fail "README.md has no C++ example"
[ "$lines" -lt 20 ] || fail "README's example has $lines lines, expected fewer than 20"
"$cxx" -std=c++20 -Wall -Wextra -Werror "$work/readme.cpp" -o "$work/readme" "${flags[@]}" "-Wl,-rpath,$libdir"
out=$(cd "$work" && ./readme model.sclip "$picture") || fail "README's example exited with $?"
echo "README: $out"
[ "$(echo "$out" | grep -c '%')" -eq 2 ] || fail "README's example printed: $out"

# A version that is not there is refused.
sed 's/simdclip 0.1/simdclip 99/' "$here/consumer/CMakeLists.txt" >"$work/CMakeLists.txt"
cp "$here/consumer/main.cpp" "$work/"
if "$cmake" -S "$work" -B "$work/too_new" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null 2>&1; then fail "version 99 was found"; fi
echo "install test passed"
