// TextArguments: texts from the command line and from files.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "tools/common.h"

namespace simdclip::tools {
namespace {

Error file_error(const std::string& path, int code) {
  return Error(code == ENOENT ? ErrorCode::not_found : ErrorCode::io,
               path + ": cannot be read: " + std::strerror(code));
}

// Each line of a file ("-": stdin), without its line end.
void for_each_line(const std::string& path, const std::function<void(std::string&&)>& take) {
  std::ifstream file;
  if (path != "-") {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      throw Error(ErrorCode::io, path + ": is a folder, expected a file with one text a line");
    }
    errno = 0;
    file.open(path, std::ios::binary);
    if (!file) throw file_error(path, errno);
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::string line;
  size_t lines = 0;
  for (; std::getline(in, line); ++lines) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    take(std::move(line));
    line.clear();
  }
  if (in.bad()) throw file_error(path, errno == 0 ? EIO : errno);
  if (lines == 0) throw Error(ErrorCode::not_found, path + ": is empty, expected one text a line");
}

}  // namespace

void TextArguments::declare(Arguments& arguments, const std::string& names) {
  arguments.list(names, texts, "TEXT...",
                 "Texts; one that begins with a dash is given as --text=-TEXT or after --");
  arguments.text("--text-file", file, "FILE", "One text a line; - reads stdin");
}

void TextArguments::for_each(size_t group,
                             const std::function<void(const std::vector<std::string>&)>& take) const {
  std::vector<std::string> pending;
  const auto add = [&](std::string&& text) {
    pending.push_back(std::move(text));
    if (pending.size() == group) {
      take(pending);
      pending.clear();
    }
  };
  for (const std::string& text : texts) add(std::string(text));
  if (!file.empty()) for_each_line(file, add);
  if (!pending.empty()) take(pending);
}

std::vector<std::string> TextArguments::all() const {
  std::vector<std::string> out;
  for_each(1024,
           [&](const std::vector<std::string>& some) { out.insert(out.end(), some.begin(), some.end()); });
  return out;
}

}  // namespace simdclip::tools
