# Debian packages, and how setup.sh and check.sh install those that are missing. Sourced, not run.
build_packages=(g++ cmake ninja-build pkg-config nlohmann-json3-dev libxsimd-dev libxxhash-dev zlib1g-dev
  libjpeg62-turbo-dev libpng-dev libstb-dev libwebp-dev libeigen3-dev libcli11-dev
  libsqlite3-dev libarchive-dev libtiff-dev libheif-dev libhnswlib-dev)
test_packages=(libgtest-dev libgmock-dev qemu-user g++-aarch64-linux-gnu binutils)

install_packages() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "these packages are missing; as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq </dev/null
  apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
}

# ccache where it is there anyway.
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_C_COMPILER_LAUNCHER=ccache); fi
