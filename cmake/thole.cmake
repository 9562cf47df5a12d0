# What every folder's CMakeLists.txt uses: flags, dependencies, and the functions
# thole_library(), thole_test() and thole_fuzz().
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# No fused multiply-add: a seed must replay bit for bit on every machine.
add_compile_options(-Wall -Wextra -ffp-contract=off)
# Asio asks aligned_alloc for each coroutine frame that it has no block for, which every allocator
# answers slowly; no frame here needs more than operator new's alignment.
add_compile_definitions(BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld-19)
endif()
if(THOLE_SANITIZE)
  add_compile_options(-fsanitize=${THOLE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${THOLE_SANITIZE})
endif()
find_program(THOLE_CCACHE ccache)
if(THOLE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Relative paths, so that another build folder or clone on this machine finds what is cached.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
    CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${THOLE_CCACHE})
endif()

if(THOLE_TESTS)
  find_package(GTest 1.12 CONFIG REQUIRED)
  find_package(rapidcheck CONFIG REQUIRED)
  include(GoogleTest)
endif()

# g++ 12 destroys the temporaries of some co_await expressions twice; such a compiler would build
# a daemon that corrupts its heap, so the build stops here instead.
function(thole_require_sound_coroutines)
  if(DEFINED CACHE{THOLE_SOUND_COROUTINES})
    return()
  endif()
  try_run(ran compiled ${CMAKE_BINARY_DIR}/probe ${PROJECT_SOURCE_DIR}/cmake/coroutine_probe.cpp
    CXX_STANDARD 23 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF COMPILE_OUTPUT_VARIABLE output)
  if(NOT compiled OR NOT ran EQUAL 0)
    message(FATAL_ERROR "this compiler destroys coroutine temporaries twice (use clang++-19), "
      "or build only the library with -DTHOLE_LIB_ONLY=ON\n${output}")
  endif()
  set(THOLE_SOUND_COROUTINES ON CACHE INTERNAL "the coroutine probe passed")
endfunction()

macro(thole_find_dependencies)
  set(Boost_USE_STATIC_LIBS ON)
  find_package(Boost 1.81.0 EXACT CONFIG REQUIRED COMPONENTS json url)
  find_package(fmt CONFIG REQUIRED)
  find_package(spdlog CONFIG REQUIRED)
  find_package(CLI11 CONFIG REQUIRED)
  find_package(tomlplusplus CONFIG REQUIRED)
  find_package(SQLite3 REQUIRED)
  find_package(CURL REQUIRED)
  find_package(OpenSSL 3 REQUIRED)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
  find_package(Threads REQUIRED)
  find_package(mimalloc 2.0 CONFIG QUIET)
  if(THOLE_BENCH)
    find_package(benchmark CONFIG REQUIRED)
  endif()
endmacro()

# thole_allocator(thole_app): malloc and operator new of an executable come from mimalloc, where it is
# installed. A thousand operations at once take and give back frames faster than glibc's caches hold.
function(thole_allocator target)
  if(TARGET mimalloc AND NOT THOLE_SANITIZE)
    target_link_libraries(${target} PRIVATE mimalloc)
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src/base/allocator_options.cpp)
  endif()
endfunction()

set(thole_boost_definitions BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_USE_STD_STRING_VIEW)

# thole_library(engine SOURCES a.cpp b.cpp LIBS thole::sql): the target thole_engine, thole::engine.
# Everything above lib/ is included from the project root of sources: "engine/saga.hpp".
function(thole_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_library(thole_${name} STATIC ${arg_SOURCES})
  add_library(thole::${name} ALIAS thole_${name})
  target_include_directories(thole_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(thole_${name} PUBLIC ${arg_LIBS})
  target_compile_definitions(thole_${name} PUBLIC ${thole_boost_definitions})
endfunction()

# thole_fuzz(lib_text_fuzz SOURCES fuzz/text_fuzz.cpp LIBS thole::thole MAX_LEN 256): every build links it,
# and with the address sanitizer a short run in the tests keeps it alive. To find something:
#   cmake --preset fuzz && ninja -C build/fuzz lib_text_fuzz
#   build/fuzz/lib/lib_text_fuzz -max_total_time=3600
function(thole_fuzz name)
  if(NOT THOLE_TESTS OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR THOLE_SANITIZE MATCHES "thread")
    return()
  endif()
  cmake_parse_arguments(arg "" "MAX_LEN" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  if(NOT THOLE_SANITIZE MATCHES "address")
    return()
  endif()
  add_test(NAME ${name} COMMAND ${name} -runs=20000 -seed=1 -max_len=${arg_MAX_LEN})
  set_tests_properties(${name} PROPERTIES LABELS functional TIMEOUT 120)
endfunction()

# What nearly every test includes, parsed once for all of them. Sources and headers of the project are
# compiled without: so each still proves that it includes what it needs.
function(thole_precompile_tests target)
  if(THOLE_LIB_ONLY)
    return()
  endif()
  if(NOT TARGET thole_test_headers)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/test_headers.cpp CONTENT "int main() {}\n" @ONLY)
    add_executable(thole_test_headers EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/test_headers.cpp)
    target_link_libraries(thole_test_headers PRIVATE rapidcheck GTest::gmock)
    target_compile_definitions(thole_test_headers PRIVATE ${thole_boost_definitions})
    target_precompile_headers(thole_test_headers PRIVATE
      <gmock/gmock.h> <gtest/gtest.h> <rapidcheck/gtest.h>
      <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/use_awaitable.hpp>
      <boost/describe.hpp> <boost/json.hpp>
      <algorithm> <filesystem> <functional> <map> <optional> <set> <string> <vector>)
  endif()
  target_precompile_headers(${target} REUSE_FROM thole_test_headers)
endfunction()

# thole_test(engine_test SOURCES a_test.cpp LIBS thole::engine [LABELS functional] [TIMEOUT 180])
function(thole_test name)
  if(NOT THOLE_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "LABELS;TIMEOUT" "SOURCES;LIBS" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 180)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} rapidcheck GTest::gtest_main GTest::gmock)
  target_compile_definitions(${name} PRIVATE THOLE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  thole_precompile_tests(${name})
  gtest_discover_tests(${name} TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS ${arg_LABELS} TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "RC_PARAMS=seed=20260101")
endfunction()
