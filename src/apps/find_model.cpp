#include "simdclip/find_model.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "apps/assets.h"
#include "base/fail.h"

namespace simdclip {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored) && !fs::is_directory(path, ignored);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// The file that this code was loaded from (the shared library, or the program that it is linked into) and the
// program.
std::vector<fs::path> own_files() {
  std::vector<fs::path> files;
  std::error_code error;
  Dl_info info{};
  static const char anchor = 0;
  if (::dladdr(&anchor, &info) != 0 && info.dli_fname != nullptr) {
    const fs::path library = fs::canonical(info.dli_fname, error);
    if (!error) files.push_back(library);
  }
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) files.push_back(program);
  return files;
}

// PREFIX/bin, PREFIX/lib and PREFIX/lib/ARCHITECTURE are where programs and libraries live.
std::vector<fs::path> asset_places(const std::string& name) {
  std::vector<fs::path> out;
  for (const fs::path& file : own_files()) {
    for (const char* up : {"..", "../.."})
      out.push_back((file.parent_path() / up / "share/simdclip" / name).lexically_normal());
  }
  return out;
}

std::string default_model() {
  const std::string forced = environment("SIMDCLIP_DEFAULT_MODEL");
  if (!forced.empty()) {
    if (is_file(forced)) return forced;
    fail(ErrorCode::not_found, forced, ": SIMDCLIP_DEFAULT_MODEL names this file, which does not exist");
  }
  std::string looked;
  for (const fs::path& path : asset_places("default.sclip")) {
    if (is_file(path)) return path.string();
    looked += "\n  " + path.string();
  }
  fail(ErrorCode::not_found,
       "no default model is installed; name one with -m MODEL.sclip (simdclip convert makes one from a "
       "checkpoint), or set SIMDCLIP_DEFAULT_MODEL. Looked for:",
       looked);
}

}  // namespace

std::string find_asset(const std::string& name) {
  std::string looked;
  std::error_code ignored;
  for (const fs::path& path : asset_places(name)) {
    if (fs::exists(path, ignored)) return path.string();
    looked += "\n  " + path.string();
  }
  fail(ErrorCode::not_found, "share/simdclip/", name, " is not installed. Looked for:", looked);
}

std::string find_model(const std::string& name) {
  if (name.empty()) return default_model();
  if (is_file(name)) return name;
  if (is_folder(name)) {
    fail(ErrorCode::io, name, ": is a folder, expected a .sclip file; make one: simdclip convert ", name,
         " -o MODEL.sclip");
  }
  const std::string folders = environment("SIMDCLIP_MODELS");
  if (name.find('/') != std::string::npos) fail(ErrorCode::not_found, name, ": no such model file");
  for (size_t begin = 0; begin < folders.size();) {
    const size_t end = std::min(folders.find(':', begin), folders.size());
    const fs::path folder = folders.substr(begin, end - begin);
    begin = end + 1;
    if (folder.empty()) continue;
    for (const std::string& file : {name, name + ".sclip"}) {
      if (is_file(folder / file)) return (folder / file).string();
    }
  }
  if (folders.empty()) {
    fail(ErrorCode::not_found, name,
         ": no such model file, and SIMDCLIP_MODELS, the list of folders to look in, is not set");
  }
  fail(ErrorCode::not_found, name, ": neither a model file nor ", name, " or ", name,
       ".sclip in a folder of SIMDCLIP_MODELS (", folders, ")");
}

}  // namespace simdclip
