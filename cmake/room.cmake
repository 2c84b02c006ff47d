# add_room(NAME source... [LIBS library...]): one folder of src/ as an object library, collected into the library.
# Rooms depend on each other through headers only; docs/architecture.md says which way.
set_property(GLOBAL PROPERTY SIMDCLIP_ROOMS "")
set_property(GLOBAL PROPERTY SIMDCLIP_ROOM_LIBS "")
function(add_room name)
  cmake_parse_arguments(ROOM "" "" "LIBS" ${ARGN})
  add_library(simdclip_${name} OBJECT ${ROOM_UNPARSED_ARGUMENTS})
  target_link_libraries(simdclip_${name} PRIVATE simdclip_options ${ROOM_LIBS})
  target_compile_definitions(simdclip_${name} PRIVATE SIMDCLIP_BUILDING)
  set_property(GLOBAL APPEND PROPERTY SIMDCLIP_ROOMS simdclip_${name})
  set_property(GLOBAL APPEND PROPERTY SIMDCLIP_ROOM_LIBS ${ROOM_LIBS})
endfunction()
