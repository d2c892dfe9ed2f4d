# One interface target for everything we compile ourselves.
option(ARBSPOT_WERROR "Treat warnings as errors" OFF)
set(ARBSPOT_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

add_library(arbspot_warnings INTERFACE)
target_compile_options(arbspot_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wvla -Wundef -Wcast-qual
    $<$<BOOL:${ARBSPOT_WERROR}>:-Werror>)
target_compile_definitions(arbspot_warnings INTERFACE _GNU_SOURCE)
# Hardening where the optimiser runs.
target_compile_options(arbspot_warnings INTERFACE
    $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong>)
target_link_options(arbspot_warnings INTERFACE -Wl,-z,relro,-z,now)
if(ARBSPOT_SANITIZE)
    target_compile_options(arbspot_warnings INTERFACE
        -fsanitize=${ARBSPOT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(arbspot_warnings INTERFACE -fsanitize=${ARBSPOT_SANITIZE})
endif()
