# Man pages, made of the templates in docs/man, and completion for bash and zsh. What the pages say
# of commands, keys and options the program, its tables, etc/arbspot.ini and the guides say.
get_property(_rooms DIRECTORY plugins PROPERTY SUBDIRECTORIES)
set(_plugins)
foreach(_room IN LISTS _rooms)
    get_property(_targets DIRECTORY ${_room} PROPERTY BUILDSYSTEM_TARGETS)
    list(FILTER _targets INCLUDE REGEX "^plugin_")
    list(APPEND _plugins ${_targets})
endforeach()
list(SORT _plugins)
list(TRANSFORM _plugins REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE _plugin_files)

set(_pages)
foreach(_page arbspot.1 arbspot.ini.5 arbspot-plugin.7)
    set(_template ${PROJECT_SOURCE_DIR}/docs/man/${_page}.in)
    add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/man/${_page}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/man
        COMMAND arbspot-manual $<TARGET_FILE:arbspot> ${PROJECT_SOURCE_DIR} ${_template}
            ${CMAKE_BINARY_DIR}/man/${_page} ${_plugin_files}
        DEPENDS arbspot arbspot-manual ${_plugins} ${_template} ${PROJECT_SOURCE_DIR}/etc/arbspot.ini
            ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/plugins/README.md
        VERBATIM)
    list(APPEND _pages ${CMAKE_BINARY_DIR}/man/${_page})
    string(REGEX MATCH "[0-9]$" _section ${_page})
    install(FILES ${CMAKE_BINARY_DIR}/man/${_page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${_section})
endforeach()
add_custom_target(man_pages ALL DEPENDS ${_pages})

install(FILES etc/completion/arbspot DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES etc/completion/_arbspot DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
