# Installs what plugins and consumers are built against: headers, find_package(Arbspot), schemas,
# the pkg-config files of plugins and of the consumer library, and the guide with its examples.
include(CMakePackageConfigHelpers)
set(_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Arbspot)
file(RELATIVE_PATH ARBSPOT_PREFIX_FROM_CONFIG
    ${CMAKE_INSTALL_FULL_LIBDIR}/cmake/Arbspot ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/ArbspotConfig.cmake.in ${CMAKE_BINARY_DIR}/ArbspotConfig.cmake @ONLY)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/ArbspotConfigVersion.cmake
    COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/ArbspotConfig.cmake ${CMAKE_BINARY_DIR}/ArbspotConfigVersion.cmake
    plugins/ArbspotPlugin.cmake DESTINATION ${_config_dir})
file(RELATIVE_PATH ARBSPOT_PREFIX_FROM_PKGCONFIG
    ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/arbspot-consumer.pc.in ${CMAKE_BINARY_DIR}/arbspot-consumer.pc @ONLY)
configure_file(cmake/arbspot-plugin.pc.in ${CMAKE_BINARY_DIR}/arbspot-plugin.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/arbspot-consumer.pc ${CMAKE_BINARY_DIR}/arbspot-plugin.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(DIRECTORY include/arbspot DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY etc/schema DESTINATION ${CMAKE_INSTALL_DATADIR}/arbspot OPTIONAL)
install(FILES plugins/README.md tests/sdk/acme.c tests/sdk/record.py
    DESTINATION ${CMAKE_INSTALL_DATADIR}/arbspot/doc)
set(tern tern.c tern.ini tern.py tern.script tern.golden)
list(TRANSFORM tern PREPEND tests/sdk/tern/)
install(FILES ${tern} DESTINATION ${CMAKE_INSTALL_DATADIR}/arbspot/doc/tern)
install(DIRECTORY tests/sdk/spread DESTINATION ${CMAKE_INSTALL_DATADIR}/arbspot/doc)
install(FILES etc/arbspot.ini etc/minimal.ini etc/all-venues.ini DESTINATION ${CMAKE_INSTALL_DATADIR}/arbspot/etc)
