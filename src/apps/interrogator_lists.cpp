#include <cerrno>
#include <cstring>
#include <fstream>

#include "apps/assets.h"
#include "base/fail.h"
#include "simdclip/interrogate.h"

namespace simdclip {
namespace {

// As the reference reads them: white space at both ends does not count.
std::vector<std::string> read_lines(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io, path,
         ": cannot be read: ", std::strerror(errno == 0 ? EIO : errno),
         "; expected the lists of clip-interrogator (clip_interrogator/data of its Python package) or others "
         "of the same names");
  }
  std::vector<std::string> out;
  for (std::string line; std::getline(file, line);) {
    const size_t begin = line.find_first_not_of(" \t\r\f\v"), end = line.find_last_not_of(" \t\r\f\v");
    if (begin != std::string::npos) out.push_back(line.substr(begin, end - begin + 1));
  }
  return out;
}

}  // namespace

InterrogatorLists read_interrogator_lists(const std::string& folder) {
  InterrogatorLists lists;
  for (const char* how : {"by ", "inspired by "}) {
    for (const std::string& artist : read_lines(folder + "/artists.txt"))
      lists.artists.push_back(how + artist);
  }
  lists.flavors = read_lines(folder + "/flavors.txt");
  lists.mediums = read_lines(folder + "/mediums.txt");
  lists.movements = read_lines(folder + "/movements.txt");
  lists.negative = read_lines(folder + "/negative.txt");
  const std::vector<std::string> sites = {
      "Artstation", "behance",   "cg society",   "cgsociety", "deviantart", "dribble",
      "flickr",     "instagram", "pexels",       "pinterest", "pixabay",    "pixiv",
      "polycount",  "reddit",    "shutterstock", "tumblr",    "unsplash",   "zbrush central"};
  for (const auto& [before, after] : {std::pair("", ""), std::pair("trending on ", ""),
                                      std::pair("featured on ", ""), std::pair("", " contest winner")}) {
    for (const std::string& site : sites) lists.trendings.push_back(before + site + after);
  }
  return lists;
}

std::string builtin_lists_folder() { return find_asset("interrogate"); }

}  // namespace simdclip
