# Installs what a plugin author builds against: headers, find_package(Arbspot), schemas.
include(CMakePackageConfigHelpers)
set(_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Arbspot)
file(RELATIVE_PATH ARBSPOT_PREFIX_FROM_CONFIG
    ${CMAKE_INSTALL_FULL_LIBDIR}/cmake/Arbspot ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/ArbspotConfig.cmake.in ${CMAKE_BINARY_DIR}/ArbspotConfig.cmake @ONLY)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/ArbspotConfigVersion.cmake
    COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_BINARY_DIR}/ArbspotConfig.cmake ${CMAKE_BINARY_DIR}/ArbspotConfigVersion.cmake
    plugins/ArbspotPlugin.cmake DESTINATION ${_config_dir})
install(DIRECTORY include/arbspot DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY etc/schema DESTINATION ${CMAKE_INSTALL_DATADIR}/arbspot OPTIONAL)
install(FILES etc/arbspot.ini etc/minimal.ini DESTINATION ${CMAKE_INSTALL_DATADIR}/arbspot/etc)
