# Writes a C source with the bytes of text files in it. Run by a build rule:
#     cmake -DOUT=skeleton.c -DFROM=FOLDER -DHEADER=cmd/skeleton.h -DSTRUCT=skeleton_file
#           -DTABLE=skeleton_files "-DFILES=a.c;ci.sh=tools/ci.sh" -P Embed.cmake
# Each of FILES is the name of a file in FROM, and behind a `=` the path that the table gives it,
# where that is another. The table's elements are `struct STRUCT`; a name without a path ends it.
set(arrays "")
set(rows "")
set(n 0)
foreach(file IN LISTS FILES)
    string(REGEX REPLACE "=.*" "" name "${file}")
    string(REGEX REPLACE ".*=" "" path "${file}")
    file(READ "${FROM}/${name}" hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(APPEND arrays "static const unsigned char text_${n}[] = {${bytes}};\n")
    string(APPEND rows "    { \"${path}\", text_${n}, sizeof(text_${n}) },\n")
    math(EXPR n "${n} + 1")
endforeach()
file(WRITE "${OUT}" "/* Made by cmake/Embed.cmake. */\n#include \"${HEADER}\"\n\n${arrays}\n"
    "const struct ${STRUCT} ${TABLE}[] = {\n${rows}    { NULL, NULL, 0 },\n};\n")
