# Builds the kernels and their tests for ARM64, runs them under QEMU, and compares the bits with this machine's.
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${what} failed (${status}):\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

# xsimd alone: its folder also holds the headers of this machine's C library.
file(MAKE_DIRECTORY ${BUILD}/include)
file(CREATE_LINK ${XSIMD}/xsimd ${BUILD}/include/xsimd SYMBOLIC)
run("configuring" ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G ${GENERATOR} -DCMAKE_BUILD_TYPE=Release
  -DCMAKE_TOOLCHAIN_FILE=${TOOLCHAIN} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -DXSIMD=${BUILD}/include
  -DGTEST_SOURCE=${GTEST_SOURCE})
run("building" ${CMAKE_COMMAND} --build ${BUILD} --parallel 2)
run("the tests on ARM64" ${QEMU} ${BUILD}/test_kernels --gtest_brief=1)
message(STATUS "${output}")

run("kernel_bits on ARM64" ${QEMU} ${BUILD}/kernel_bits)
set(there "${output}")
foreach(isa avx2 avx512 amx)
  execute_process(COMMAND ${HERE} ${isa} RESULT_VARIABLE status OUTPUT_VARIABLE here ERROR_VARIABLE error)
  if(NOT status EQUAL 0)
    message(STATUS "${isa}: not compared: ${error}")
  elseif(NOT here STREQUAL there)
    message(FATAL_ERROR "ARM64 and ${isa} give different bits.\nARM64:\n${there}\n${isa}:\n${here}")
  else()
    message(STATUS "ARM64 and ${isa} give the same bits:\n${here}")
  endif()
endforeach()
