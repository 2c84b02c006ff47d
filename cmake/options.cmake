# Compile options that every target of this project shares.
add_library(simdclip_options INTERFACE)
target_include_directories(simdclip_options INTERFACE
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
target_compile_options(simdclip_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Wformat=2 -Wundef
  # Numbers: no contraction left to the compiler, so that every instruction set rounds alike (docs/numerics.md).
  -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 sees overlapping copies in every "text" + std::string (GCC PR 105651).
  target_compile_options(simdclip_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
endif()
if(SIMDCLIP_WERROR)
  target_compile_options(simdclip_options INTERFACE -Werror)
endif()
if(SIMDCLIP_SANITIZE)
  target_compile_options(simdclip_options INTERFACE
    -fsanitize=${SIMDCLIP_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(simdclip_options INTERFACE -fsanitize=${SIMDCLIP_SANITIZE})
endif()
