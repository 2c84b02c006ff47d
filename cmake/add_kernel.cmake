# add_kernel(OP ISA): compiles kernels/OP/OP_ISA.cpp with the flags of that instruction set.
# This is the only place with -m flags. Kernels include no header with inline functions that other objects share
# (one-definition rule: the linker may keep the AVX-512 copy); tests/kernels checks the objects for weak symbols.
set(SIMDCLIP_FLAGS_portable "")
set(SIMDCLIP_FLAGS_avx2 -mavx2 -mfma -mf16c)
# g++ 12's own AVX-512 intrinsics read an uninitialized register on purpose and warn about it (GCC PR 105593).
set(SIMDCLIP_FLAGS_avx512 -Wno-uninitialized -Wno-maybe-uninitialized
  -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mf16c -mprfchw -mprefer-vector-width=512)
set(SIMDCLIP_FLAGS_avx512_bf16 ${SIMDCLIP_FLAGS_avx512} -mavx512bf16)
set(SIMDCLIP_FLAGS_avx512_vnni ${SIMDCLIP_FLAGS_avx512} -mavx512vnni)
set(SIMDCLIP_FLAGS_amx ${SIMDCLIP_FLAGS_avx512} -mavx512bf16 -mavx512vnni -mamx-tile -mamx-bf16 -mamx-int8)
string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" SIMDCLIP_PROCESSOR)
function(add_kernel op isa)
  if(NOT isa STREQUAL "portable" AND NOT SIMDCLIP_PROCESSOR MATCHES "x86_64|amd64")
    return()
  endif()
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${op}/${op}_${isa}.cpp)
  target_sources(simdclip_kernels PRIVATE ${source})
  set(flags ${SIMDCLIP_FLAGS_${isa}})
  if(SIMDCLIP_SANITIZE MATCHES "thread")
    # Kernels know no threads; instrumented, their unrolled tiles take g++ many minutes.
    list(APPEND flags -fno-sanitize=thread)
  endif()
  set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${flags}")
endfunction()
