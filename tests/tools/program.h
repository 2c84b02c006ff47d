// Runs the program and keeps what it says.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "support/fixtures.h"

namespace simdclip::tests {

struct Ran {
  int status = -1;  // exit status; 128 + signal where it was killed
  std::string out, err;
};

struct RunOptions {
  std::map<std::string, std::string> environment = {};  // beside an environment without SIMDCLIP_*
  std::vector<std::string> before = {};                 // before the program: an emulator and its options
  std::string input = {};                               // of stdin
  std::string stdout_file = {};                         // instead of a pipe: "/dev/full"
  std::string folder = {};                              // to run in
};

Ran run(const std::vector<std::string>& arguments, const RunOptions& options = {});

// The small CLIP of tests/fixtures/open_clip_folder, converted once by the program itself.
const std::string& model_file();

std::string picture();                                        // tests/fixtures/picture.png
std::vector<std::string> entries(const std::string& folder);  // names, sorted
std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& bytes);
nlohmann::json parsed(const std::string& text);  // fails the test where it is no JSON

}  // namespace simdclip::tests
