# cmake --install: headers, both libraries, the program, and what lets other projects find them.
#   find_package(simdclip)                    -> simdclip::simdclip, the shared library
#   find_package(simdclip COMPONENTS static)  -> simdclip::simdclip_static, too; it needs the libraries that it stands on
#   pkg-config --cflags --libs simdclip       (--static for the static one)
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()
include(CMakePackageConfigHelpers)
set(SIMDCLIP_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/simdclip)

install(DIRECTORY include/simdclip DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(TARGETS simdclip_shared EXPORT simdclip-shared DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS simdclip_static EXPORT simdclip-static DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(SIMDCLIP_BUILD_TOOLS)
  install(TARGETS simdclip_program DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/assets/default.sclip)
  install(FILES assets/default.sclip DESTINATION ${CMAKE_INSTALL_DATADIR}/simdclip)
endif()
foreach(kind shared static)
  install(EXPORT simdclip-${kind} NAMESPACE simdclip:: DESTINATION ${SIMDCLIP_CMAKE_DIR})
endforeach()

# What the static library needs, as pkg-config and CMake name it.
set(SIMDCLIP_PC_REQUIRES libjpeg libpng zlib libxxhash)
set(SIMDCLIP_STATIC_PC "pkg_check_modules(XXHASH QUIET IMPORTED_TARGET libxxhash)")
if(WEBP_FOUND)
  list(APPEND SIMDCLIP_PC_REQUIRES libwebp libwebpdemux)
  string(APPEND SIMDCLIP_STATIC_PC "\n  pkg_check_modules(WEBP QUIET IMPORTED_TARGET libwebp libwebpdemux)")
endif()
list(JOIN SIMDCLIP_PC_REQUIRES " " SIMDCLIP_PC_REQUIRES)
file(RELATIVE_PATH SIMDCLIP_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" SIMDCLIP_PC_PREFIX "${SIMDCLIP_PC_PREFIX}")
configure_file(cmake/simdclip.pc.in simdclip.pc @ONLY)
configure_package_config_file(cmake/simdclip-config.cmake.in simdclip-config.cmake INSTALL_DESTINATION ${SIMDCLIP_CMAKE_DIR})
write_basic_package_version_file(simdclip-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/simdclip.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${PROJECT_BINARY_DIR}/simdclip-config.cmake ${PROJECT_BINARY_DIR}/simdclip-config-version.cmake
  DESTINATION ${SIMDCLIP_CMAKE_DIR})
