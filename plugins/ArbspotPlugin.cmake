# arbspot_add_plugin(NAME SOURCE...): builds plugins/NAME.so, which exports arb_plugin and nothing
# else, and installs it where a host looks for plugins.
include(GNUInstallDirs)
function(arbspot_add_plugin name)
    add_library(plugin_${name} MODULE ${ARGN})
    set_target_properties(plugin_${name} PROPERTIES
        PREFIX "" OUTPUT_NAME ${name} C_VISIBILITY_PRESET hidden
        C_STANDARD 11 LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
    if(TARGET arbspot_sdk)
        target_link_libraries(plugin_${name} PRIVATE arbspot_sdk)
    endif()
    if(TARGET arbspot_warnings)
        target_link_libraries(plugin_${name} PRIVATE arbspot_warnings)
    endif()
    # A plugin is complete in itself: no symbol is left for the host to provide. Sanitizer
    # run-times are the exception, they live in the host's process.
    if(NOT ARBSPOT_SANITIZE)
        target_link_options(plugin_${name} PRIVATE -Wl,-z,defs)
    endif()
    install(TARGETS plugin_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/arbspot/plugins)
endfunction()
