# keelson_add_plugin(KIND NAME SOURCES FILE... [LIBRARIES TARGET...])
#
# Makes the target keelson_KIND_NAME, a shared object that exports nothing but its descriptor. In Keelson's own tree and in
# a third party's it is the same function. What the sources use and no library defines is an error of the link, and not one that
# somebody meets who starts a container.
set(KEELSON_PLUGIN_EXPORTS ${CMAKE_CURRENT_LIST_DIR}/plugin.map)

function(keelson_add_plugin kind name)
    cmake_parse_arguments(PARSE_ARGV 2 plugin "" "" "SOURCES;LIBRARIES")
    set(target keelson_${kind}_${name})
    add_library(${target} MODULE ${plugin_SOURCES})
    target_link_libraries(${target} PRIVATE Keelson::sdk ${plugin_LIBRARIES})
    if(TARGET keelson_build_options)
        target_link_libraries(${target} PRIVATE keelson_build_options)
        set(directory ${PROJECT_BINARY_DIR}/lib/keelson/plugins/${kind})
        set_property(GLOBAL APPEND PROPERTY KEELSON_PLUGINS ${kind}/${name})
    else()
        set(directory ${PROJECT_BINARY_DIR})
    endif()
    set_target_properties(${target} PROPERTIES
        PREFIX "" OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${directory}
        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
        LINK_DEPENDS ${KEELSON_PLUGIN_EXPORTS})
    target_link_options(${target} PRIVATE -Wl,--version-script=${KEELSON_PLUGIN_EXPORTS} -Wl,-z,now -Wl,-z,relro)
    if(NOT KEELSON_SANITIZE)
        target_link_options(${target} PRIVATE -Wl,-z,defs)
    endif()
    install(TARGETS ${target} LIBRARY DESTINATION lib/keelson/plugins/${kind})
endfunction()
