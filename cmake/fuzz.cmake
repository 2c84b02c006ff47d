# add_fuzzer(TARGET): tests/fuzz/fuzz_TARGET.cpp with its seeds in tests/fuzz/seeds/TARGET/.
# Always: a program that runs the target once over every seed, as the test fuzz_seeds.TARGET, with any compiler.
# With SIMDCLIP_BUILD_FUZZERS (clang): fuzz_TARGET, a libFuzzer program with ASan and UBSan:
#   cmake -B build-fuzz -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSIMDCLIP_BUILD_FUZZERS=ON
#   build-fuzz/tests/fuzz/fuzz_model_file -max_total_time=300 CORPUS tests/fuzz/seeds/model_file
# A found crash is kept: add its input to the seeds.
if(SIMDCLIP_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "SIMDCLIP_BUILD_FUZZERS needs clang (libFuzzer): -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_C_COMPILER=clang")
  endif()
  target_compile_options(simdclip_options INTERFACE
    -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(simdclip_options INTERFACE -fsanitize=address,undefined)
endif()
function(add_fuzzer target)
  set(seeds ${PROJECT_SOURCE_DIR}/tests/fuzz/seeds/${target})
  add_executable(fuzz_seeds_${target} fuzz_${target}.cpp replay.cpp)
  target_link_libraries(fuzz_seeds_${target} PRIVATE simdclip_static simdclip_options PkgConfig::XXHASH)
  add_test(NAME fuzz_seeds.${target} COMMAND fuzz_seeds_${target} ${seeds})
  set_tests_properties(fuzz_seeds.${target} PROPERTIES TIMEOUT 120)
  if(SIMDCLIP_BUILD_FUZZERS)
    add_executable(fuzz_${target} fuzz_${target}.cpp)
    target_link_libraries(fuzz_${target} PRIVATE simdclip_static simdclip_options PkgConfig::XXHASH)
    target_link_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()
