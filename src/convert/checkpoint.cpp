// What a checkpoint file is, told by its first bytes.
#include <algorithm>

#include "base/fail.h"
#include "base/mapped_file.h"
#include "convert/tensor_source.h"

namespace simdclip {
namespace {

constexpr std::string_view kKinds =
    "safetensors, torch zip archives (.bin, .pt, .pth), TorchScript archives, .npz and *.index.json";

struct Stranger {
  std::string_view magic;
  std::string_view what;
};
constexpr Stranger kStrangers[] = {
    {"version https://git-lfs",
     "a Git LFS pointer instead of the file itself; run `git lfs pull`, or download the file"},
    {"<!DOCTYPE", "a web page; the download went wrong"},
    {"<!doctype", "a web page; the download went wrong"},
    {"<html", "a web page; the download went wrong"},
    {"GGUF", "a GGUF file"},
    {"\x89HDF", "an HDF5 file"},
    {"\x1f\x8b", "a gzip file; unpack it first"},
    {"7z\xbc\xaf", "a 7-Zip file; unpack it first"},
    {"\x93NUMPY", "a .npy file"},
    {"SIMDCLIP", "a converted .sclip file already"},
};

}  // namespace

std::unique_ptr<TensorSource> open_checkpoint(const std::string& path) {
  std::string head;
  {
    const MappedFile file = MappedFile::open(path);
    const auto bytes = file.bytes().first(std::min<size_t>(file.bytes().size(), 64));
    head.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  if (head.empty()) fail(ErrorCode::damaged, path, ": the file is empty; download it again");
  for (const Stranger& stranger : kStrangers)
    if (head.starts_with(stranger.magic))
      fail(ErrorCode::unsupported, path, ": this is ", stranger.what, ". Expected a checkpoint: ", kKinds);
  // A header size below 100 MB has zeros in the upper half of its u64, and a JSON object follows. Its first
  // byte may be a pickle's.
  if (head.size() >= 9 && head[8] == '{' && head.compare(4, 4, std::string(4, '\0')) == 0)
    return open_safetensors(path);
  if (head.starts_with("PK\x03\x04") && is_npz(path)) return open_npz(path);
  if (head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06") || head.starts_with("\x80"))
    return open_torch(path);
  const size_t first = head.find_first_not_of(" \t\r\n");
  if (first != head.npos && head[first] == '{' && path.ends_with(".json")) return open_sharded(path);
  if (path.ends_with(".safetensors")) return open_safetensors(path);  // damaged: its reader says how
  if (path.ends_with(".pt") || path.ends_with(".bin") || path.ends_with(".pth")) return open_torch(path);
  fail(ErrorCode::unsupported, path, ": not a checkpoint of a known kind. Expected: ", kKinds);
}

}  // namespace simdclip
