# How a folder becomes a target.
#
# Each library's headers are reached through a link of its own in the build folder, so
# `#include "base/err.h"` compiles only in a target that depends on the target `kr_base`.
# The table of who may include whom is therefore the DEPENDS lists of the folders.

set(KR_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Werror)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  # Cutting a long path out of an error message is what snprintf is used for here.
  list(APPEND KR_WARNINGS -Wno-format-truncation)
endif()

function(kr_common_options target)
  target_compile_features(${target} PUBLIC c_std_17)
  set_target_properties(${target} PROPERTIES C_STANDARD 17 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE ${KR_WARNINGS} -fno-omit-frame-pointer -fstack-protector-strong)
  target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L)
  if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND NOT KR_SANITIZE)
    target_compile_definitions(${target} PRIVATE _FORTIFY_SOURCE=2)
  endif()
  if(KR_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${KR_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${KR_SANITIZE})
  endif()
  if(KR_FUZZ)
    target_compile_options(${target} PUBLIC -fsanitize=fuzzer-no-link)
  endif()
  if(KR_COVERAGE)
    target_compile_options(${target} PRIVATE --coverage -fprofile-update=atomic)
    target_link_options(${target} PUBLIC --coverage)
  endif()
endfunction()

# kr_library(kr_base INCLUDE_AS base SOURCES a.c b.c DEPENDS kr_x PkgConfig::y)
function(kr_library name)
  cmake_parse_arguments(A "" "INCLUDE_AS" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  kr_common_options(${name})
  set(inc ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${inc})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${inc}/${A_INCLUDE_AS} SYMBOLIC)
  target_include_directories(${name} PUBLIC ${inc})
  target_link_libraries(${name} PUBLIC ${A_DEPENDS} PRIVATE ${A_PRIVATE_DEPENDS})
endfunction()

# kr_program(keyroomd SOURCES main.c DEPENDS ...): lands in bin/
function(kr_program name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  kr_common_options(${name})
  target_link_libraries(${name} PRIVATE ${A_DEPENDS})
  target_compile_options(${name} PRIVATE -fPIE)
  target_link_options(${name} PRIVATE -pie -Wl,-z,relro,-z,now)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# kr_test(test_span LABEL unit SOURCES test_span.c DEPENDS kr_base): a cmocka program run by ctest
function(kr_test name)
  cmake_parse_arguments(A "" "LABEL" "SOURCES;DEPENDS;ARGS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  kr_common_options(${name})
  target_link_libraries(${name} PRIVATE ${A_DEPENDS} PkgConfig::CMOCKA)
  set(watch "")
  set(seconds 120)
  if(KR_VALGRIND)
    # Blocks that only an inner pointer is left of are SQLite's way, not a leak.
    set(watch valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect
        --errors-for-leak-kinds=definite,indirect)
    set(seconds 900)
  endif()
  add_test(NAME ${A_LABEL}.${name} COMMAND ${watch} $<TARGET_FILE:${name}> ${A_ARGS})
  set_tests_properties(${A_LABEL}.${name} PROPERTIES LABELS ${A_LABEL} TIMEOUT ${seconds})
endfunction()
