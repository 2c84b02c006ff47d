#include "apps/scan_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace simdclip {
namespace {

class Scanner {
 public:
  Scanner(const std::string& folder, const std::function<void(size_t)>& on_file)
      : folder_(folder), on_file_(on_file) {}

  ScannedFolder run() {
    pending_.emplace_back();
    while (!pending_.empty()) {
      const std::string name = std::move(pending_.back());
      pending_.pop_back();
      look_into(name);
    }
    std::sort(out_.files.begin(), out_.files.end(),
              [](const ScannedFile& a, const ScannedFile& b) { return a.name < b.name; });
    return std::move(out_);
  }

 private:
  void refuse(const std::string& name, int code) {
    const std::string path = name.empty() ? folder_ : folder_ + "/" + name;
    out_.unreadable.push_back(name);
    out_.errors.emplace_back(code == ENOENT ? ErrorCode::not_found : ErrorCode::io,
                             path + ": cannot be read: " + std::strerror(code));
  }

  void look_into(const std::string& name) {
    const std::string path = name.empty() ? folder_ : folder_ + "/" + name;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
    if (folder == nullptr) return refuse(name, errno);
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(folder.get());
      if (entry == nullptr) break;
      if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
      look_at(::dirfd(folder.get()), entry->d_name,
              name.empty() ? entry->d_name : name + "/" + entry->d_name);
    }
    if (errno != 0) refuse(name, errno);
  }

  void look_at(int folder, const char* entry, const std::string& name) {
    struct stat status {};
    if (::fstatat(folder, entry, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) refuse(name, errno);  // it vanished meanwhile: as if it had never been there
      return;
    }
    if (S_ISLNK(status.st_mode)) {
      if (::fstatat(folder, entry, &status, 0) != 0 || !S_ISREG(status.st_mode))
        return;  // to nowhere, or to a folder
    }
    if (S_ISDIR(status.st_mode)) {
      pending_.push_back(name);
    } else if (S_ISREG(status.st_mode)) {
      out_.files.push_back(
          {name, static_cast<uint64_t>(status.st_size),
           static_cast<int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec});
      if (on_file_ && out_.files.size() % 1024 == 0) on_file_(out_.files.size());
    }
  }

  const std::string& folder_;
  const std::function<void(size_t)>& on_file_;
  ScannedFolder out_;
  std::vector<std::string> pending_;
};

}  // namespace

ScannedFolder scan_folder(const std::string& folder, const std::function<void(size_t files)>& on_file) {
  return Scanner(folder, on_file).run();
}

}  // namespace simdclip
