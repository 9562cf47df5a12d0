# Installs the library into a scratch folder, then builds and runs packaging/consumer against it,
# once through find_package and once through pkg-config.
set(prefix ${WORK}/prefix)
file(REMOVE_RECURSE ${WORK})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "failed (${code}): ${ARGN}\n${out}")
  endif()
  set(output "${out}" PARENT_SCOPE)
endfunction()

function(expect_done program)
  run(${program})
  if(NOT output MATCHES "done after 3 calls")
    message(FATAL_ERROR "${program} said: ${output}")
  endif()
endfunction()

set(flags)
if(SANITIZE)
  set(flags -fsanitize=${SANITIZE})
endif()

run(${CMAKE_COMMAND} --build ${BUILD} --target thole)
run(${CMAKE_COMMAND} --install ${BUILD} --component library --prefix ${prefix})

run(${CMAKE_COMMAND} -S ${CONSUMER} -B ${WORK}/build -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CXX}
  -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_FLAGS=${flags})
run(${CMAKE_COMMAND} --build ${WORK}/build)
expect_done(${WORK}/build/consumer)

# The examples, as a stranger would build them.
run(${CMAKE_COMMAND} -S ${EXAMPLES} -B ${WORK}/examples -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CXX}
  -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_FLAGS=${flags})
run(${CMAKE_COMMAND} --build ${WORK}/examples)
foreach(pair "start;price 4200 after 3 calls" "framework;open after 2 failures in a row"
    "endpoints;slot 1003" "testing;of 100 calls succeeded")
  list(GET pair 0 name)
  list(GET pair 1 expected)
  run(${WORK}/examples/example_${name})
  string(FIND "${output}" "${expected}" found)
  if(found EQUAL -1)
    message(FATAL_ERROR "example_${name} said: ${output}")
  endif()
endforeach()

# The tree itself as a part of another project, as FetchContent would have it.
file(WRITE ${WORK}/tree/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)
project(outer LANGUAGES CXX)
set(THOLE_LIB_ONLY ON)
set(THOLE_TESTS OFF)
add_subdirectory(${SOURCE} thole)
add_executable(consumer ${CONSUMER}/main.cpp)
target_link_libraries(consumer PRIVATE thole::thole)
")
run(${CMAKE_COMMAND} -S ${WORK}/tree -B ${WORK}/tree/build -G ${GENERATOR}
  -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_FLAGS=${flags})
run(${CMAKE_COMMAND} --build ${WORK}/tree/build)
expect_done(${WORK}/tree/build/consumer)

find_program(pkg_config pkg-config)
if(NOT pkg_config)
  message(STATUS "no pkg-config here: that way is not tried")
  return()
endif()
set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
run(${pkg_config} --define-variable=prefix=${prefix} --cflags --libs thole)
separate_arguments(arguments UNIX_COMMAND "${output}")
run(${CXX} ${flags} ${CONSUMER}/main.cpp -o ${WORK}/by_pkg_config ${arguments})
expect_done(${WORK}/by_pkg_config)
