#pragma once

// Where this build's test data and programs are. They are values of one small object file (paths.cpp.in), not
// macros of every command line, so that a compiler cache serves the tests of one checkout to the next.
namespace simdclip::tests {

extern const char* const kFixtures;    // tests/fixtures of the source tree
extern const char* const kSharedData;  // optional real data; the folder need not exist
extern const char* const kProgram;     // the simdclip program of this build
extern const char* const kQemu;        // qemu-x86_64, or "" where it is not installed

}  // namespace simdclip::tests
