# Everything comes from Debian packages. Required: the program cannot do its job without it.
# Optional: the build says what is missing without it, and so does the program when it is asked for it.
set_property(GLOBAL PROPERTY SIMDCLIP_MISSING "")
set_property(GLOBAL PROPERTY SIMDCLIP_MISSING_IN_LIBRARY "")
function(simdclip_missing package what)
  set_property(GLOBAL APPEND PROPERTY SIMDCLIP_MISSING "${package}: ${what}")
  if(ARGN STREQUAL "LIBRARY")  # the program says so, too
    set_property(GLOBAL APPEND PROPERTY SIMDCLIP_MISSING_IN_LIBRARY "${package}: ${what}")
  endif()
endfunction()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(ZLIB REQUIRED)                                 # zlib1g-dev: crc32 and inflate of torch zip archives
find_package(nlohmann_json 3.11 REQUIRED)                   # nlohmann-json3-dev
find_package(xsimd 8 REQUIRED)                              # libxsimd-dev: the portable kernels
find_package(JPEG REQUIRED)                                 # libjpeg62-turbo-dev
find_path(SIMDCLIP_STB_DIR stb_image.h PATH_SUFFIXES stb REQUIRED)  # libstb-dev: PSD, and PNG where libpng is not (docs/images.md)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash) # libxxhash-dev: checksums of the model file

pkg_check_modules(WEBP IMPORTED_TARGET libwebp libwebpdemux)
if(NOT WEBP_FOUND)
  simdclip_missing(libwebp-dev "WebP pictures cannot be read" LIBRARY)
endif()

option(SIMDCLIP_PNG "Read PNG by libpng, where it is there" ON)
option(SIMDCLIP_TIFF "Read TIFF pictures, where libtiff is there" ON)
option(SIMDCLIP_HEIF "Read HEIC and AVIF pictures, where libheif is there" ON)
if(SIMDCLIP_PNG)
  find_package(PNG)                                         # libpng-dev: bit depth and palette as they are (docs/images.md)
endif()
if(NOT PNG_FOUND)
  simdclip_missing(libpng-dev "PNG pictures with a palette, 1 bit, a transparent colour, or 16-bit grey with alpha cannot be read" LIBRARY)
endif()
if(SIMDCLIP_TIFF)
  pkg_check_modules(TIFF IMPORTED_TARGET libtiff-4>=4.5)
endif()
if(NOT TIFF_FOUND)
  simdclip_missing(libtiff-dev "TIFF pictures cannot be read" LIBRARY)
endif()
if(SIMDCLIP_HEIF)
  pkg_check_modules(HEIF IMPORTED_TARGET libheif>=1.12)
endif()
if(NOT HEIF_FOUND)
  simdclip_missing(libheif-dev "HEIC and AVIF pictures cannot be read" LIBRARY)
endif()
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)   # libsqlite3-dev: indexes of picture collections
pkg_check_modules(ARCHIVE IMPORTED_TARGET libarchive)
if(NOT ARCHIVE_FOUND)
  simdclip_missing(libarchive-dev "pictures in .tar and .zip archives cannot be read" LIBRARY)
endif()

# Its members are set and read by us (src/store/hnsw.h), so it must be a version that has those.
find_path(HNSWLIB_INCLUDE hnswlib/hnswlib.h)
if(HNSWLIB_INCLUDE)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_INCLUDES ${HNSWLIB_INCLUDE})
  check_cxx_source_compiles("#define NO_MANUAL_VECTORIZATION
#include <atomic>
#include <fstream>
#include <hnswlib/hnswlib.h>
struct Graph : hnswlib::HierarchicalNSW<float> {
  Graph() : HierarchicalNSW(nullptr) { cur_element_count = num_deleted_ = 0; visited_list_pool_ = nullptr; }
};
int main() { return Graph().link_list_update_locks_.size() == 0 ? 0 : 1; }" SIMDCLIP_HNSWLIB_FITS)
  unset(CMAKE_REQUIRED_INCLUDES)
endif()
if(NOT HNSWLIB_INCLUDE OR NOT SIMDCLIP_HNSWLIB_FITS)
  unset(HNSWLIB_INCLUDE CACHE)
  simdclip_missing(libhnswlib-dev "no approximate search (version 0.6 is needed)" LIBRARY)
endif()

if(SIMDCLIP_BUILD_TOOLS)
  find_package(CLI11 REQUIRED)                              # libcli11-dev
endif()
if(SIMDCLIP_BUILD_TESTS)
  find_package(GTest REQUIRED)                              # libgtest-dev libgmock-dev
endif()
if(SIMDCLIP_BUILD_BENCH)
  find_package(benchmark QUIET)
  if(NOT benchmark_FOUND)
    simdclip_missing(libbenchmark-dev "no kernel benchmarks (bench/)")
  endif()
endif()
find_package(Eigen3 3.4 QUIET NO_MODULE)
if(NOT Eigen3_FOUND)
  simdclip_missing(libeigen3-dev "no Frechet distance and no Vendi score; no comparison with Eigen in tests and benchmarks" LIBRARY)
endif()
if(SIMDCLIP_BUILD_BENCH)
  find_library(SIMDCLIP_OPENBLAS openblas)
  find_path(SIMDCLIP_OPENBLAS_INCLUDE cblas.h PATH_SUFFIXES openblas x86_64-linux-gnu)
  if(NOT SIMDCLIP_OPENBLAS OR NOT SIMDCLIP_OPENBLAS_INCLUDE)
    simdclip_missing(libopenblas-dev "no comparison with OpenBLAS in benchmarks")
  endif()
  find_package(dnnl QUIET CONFIG)
  if(NOT dnnl_FOUND)
    simdclip_missing(libdnnl-dev "no comparison with oneDNN in benchmarks")
  endif()
endif()

function(simdclip_report)
  get_property(missing GLOBAL PROPERTY SIMDCLIP_MISSING)
  foreach(line IN LISTS missing)
    message(STATUS "simdclip: optional package missing: ${line}")
  endforeach()
endfunction()
