#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "apps/picture_kind.h"
#include "base/fail.h"
#include "simdclip/embed_files.h"

namespace simdclip {

bool begins_like_picture(std::string_view head) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view magic :
       {"\xFF\xD8\xFF"sv, "\x89PNG\r\n\x1A\n"sv, "GIF87a"sv, "GIF89a"sv, "BM"sv, "8BPS"sv, "II*\0"sv,
        "MM\0*"sv, "\0\0\0\x0CjP  \r\n\x87\n"sv, "\xFF\x4F\xFF\x51"sv}) {
    if (head.starts_with(magic)) return true;
  }
  if (head.size() >= 12 && head.starts_with("RIFF") && head.substr(8, 4) == "WEBP") return true;
  if (head.size() >= 12 && head.substr(4, 4) == "ftyp") {
    const std::string_view brand = head.substr(8, 4);
    return brand == "heic" || brand == "heix" || brand == "mif1" || brand == "msf1" || brand == "avif" ||
           brand == "avis";
  }
  return head.size() >= 3 && head[0] == 'P' && head[1] >= '1' && head[1] <= '7' &&
         std::isspace(static_cast<unsigned char>(head[2])) != 0;
}

bool is_picture(std::string_view name, std::string_view head) {
  if (begins_like_picture(head)) return true;
  std::string ending(name.substr(name.size() - std::min<size_t>(name.size(), 4)));
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return !head.empty() && ending == ".tga";
}

namespace {

namespace fs = std::filesystem;

// errno's meaning as an Error of this path.
Error unreadable(const std::string& path, int code) {
  return Error(code == ENOENT ? ErrorCode::not_found : ErrorCode::io,
               path + ": cannot be read: " + std::strerror(code));
}

void look_at(const fs::path& path, FolderPictures& found) {
  // A pipe or a device would block or never end.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    found.unreadable.push_back(unreadable(path.string(), errno));
    return;
  }
  std::array<char, kPictureHead> head{};
  const ssize_t size = ::read(file, head.data(), head.size());
  const int code = errno;
  ::close(file);
  if (size < 0) {
    found.unreadable.push_back(unreadable(path.string(), code));
  } else if (is_picture(path.native(), {head.data(), static_cast<size_t>(size)})) {
    found.pictures.push_back(path.string());
  } else {
    ++found.others;
  }
}

void walk(const fs::path& folder, FolderPictures& found) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error) {
    found.unreadable.push_back(unreadable(folder.string(), error.value()));
    return;
  }
  while (entries != fs::directory_iterator()) {
    const fs::path path = entries->path();
    std::error_code ignored;
    const bool link = entries->is_symlink(ignored);
    if (entries->is_directory(ignored)) {
      if (!link) walk(path, found);
    } else if (entries->is_regular_file(ignored)) {
      look_at(path, found);
    } else {
      ++found.others;  // pipes, devices, links to nowhere
    }
    entries.increment(error);
    if (error) {
      found.unreadable.push_back(unreadable(folder.string(), error.value()));
      return;
    }
  }
}

}  // namespace

FolderPictures find_pictures(const std::string& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::exists(status)) fail(ErrorCode::not_found, folder, ": no such folder");
  if (!fs::is_directory(status)) fail(ErrorCode::io, folder, ": is no folder");
  FolderPictures found;
  walk(folder, found);
  std::sort(found.pictures.begin(), found.pictures.end());
  return found;
}

}  // namespace simdclip
