// Which files of SOURCE are the checkpoint, and which describe it.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/fail.h"
#include "convert/plan.h"

namespace simdclip {
namespace {

namespace fs = std::filesystem;

// In the order in which open_clip and transformers look for them.
constexpr std::array<const char*, 6> kOpenClipWeights = {
    "open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth", "open_clip_pytorch_model.pt",          "model.pth"};
constexpr std::array<const char*, 4> kTransformersWeights = {
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"};

bool is_weights(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".safetensors" || extension == ".bin" || extension == ".pt" || extension == ".pth" ||
         extension == ".npz";
}

// The one checkpoint of a folder that has none by a known name.
std::string only_weights(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.is_regular_file(error) && is_weights(entry.path())) found.push_back(entry.path().string());
  if (error) fail(ErrorCode::io, folder, ": the folder cannot be read: ", error.message());
  std::sort(found.begin(), found.end());
  if (found.empty())
    fail(ErrorCode::not_found, folder,
         ": no checkpoint in this folder; expected open_clip_model.safetensors, model.safetensors, "
         "pytorch_model.bin or the like");
  if (found.size() > 1)
    fail(ErrorCode::missing_info, folder, ": ", found.size(), " checkpoints (", base_name(found[0]), ", ",
         base_name(found[1]), found.size() > 2 ? ", ..." : "",
         "); give the file instead of the folder, with --arch NAME");
  return found.front();
}

std::string weights_of(const SourceFiles& files) {
  const auto first = [&](const auto& names) -> std::string {
    for (const char* name : names)
      if (is_file(files.folder + "/" + name)) return files.folder + "/" + name;
    return "";
  };
  std::string found = files.open_clip_config.empty() ? "" : first(kOpenClipWeights);
  if (found.empty()) found = first(kTransformersWeights);
  if (found.empty()) found = first(kOpenClipWeights);
  return found.empty() ? only_weights(files.folder) : found;
}

}  // namespace

std::string base_name(const std::string& path) {
  const std::string name = fs::path(path).filename().string();
  return name.empty() ? fs::path(path).parent_path().filename().string() : name;
}

bool is_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

SourceFiles find_source(const std::string& source) {
  if (source.empty()) fail(ErrorCode::invalid_argument, "convert: the source is an empty path");
  SourceFiles files;
  std::error_code error;
  if (!fs::is_directory(source, error)) {
    files.weights = source;  // opening it says what is wrong with it
    return files;
  }
  files.folder = source;
  while (files.folder.size() > 1 && files.folder.back() == '/') files.folder.pop_back();
  const auto there = [&](const char* name) {
    return is_file(files.folder + "/" + name) ? files.folder + "/" + name : std::string();
  };
  files.open_clip_config = there("open_clip_config.json");
  files.transformers_config = there("config.json");
  files.weights = weights_of(files);
  return files;
}

}  // namespace simdclip
