// The golden fixtures (tests/fixtures/README.md): checkpoints in their real formats and what the reference
// libraries make of them.
#pragma once

#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/npy.h"
#include "support/paths.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {

inline const std::vector<std::string>& all_fixtures() {
  static const std::vector<std::string> names = {
      "open_clip_folder",  "open_clip_bin",       "openai_jit",           "training_checkpoint",
      "openai_resnet",     "transformers_folder", "transformers_sharded", "transformers_vision",
      "transformers_text", "siglip2_naflex"};
  return names;
}

inline std::string fixture_path(const std::string& name) { return std::string(kFixtures) + "/" + name; }

inline void gunzip(const std::string& from, const std::string& to) {
  gzFile in = gzopen(from.c_str(), "rb");
  if (in == nullptr) throw std::runtime_error("cannot open " + from);
  std::ofstream out(to, std::ios::binary);
  std::vector<char> buffer(1 << 16);
  int got = 0;
  while ((got = gzread(in, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0)
    out.write(buffer.data(), got);
  gzclose(in);
  if (got < 0) throw std::runtime_error("cannot unpack " + from);
}

// One fixture's checkpoint, copied into a temporary folder with its *.gz unpacked: free to be damaged.
class FixtureSource {
 public:
  explicit FixtureSource(const std::string& name) : name_(name) {
    for (const auto& entry : std::filesystem::directory_iterator(fixture_path(name) + "/source")) {
      const auto file = entry.path().filename().string();
      if (entry.path().extension() == ".gz")
        gunzip(entry.path().string(), folder_.file(file.substr(0, file.size() - 3)));
      else
        std::filesystem::copy_file(entry.path(), folder_.file(file));
    }
    std::ifstream file(fixture_path(name) + "/expected.json");
    expected_ = nlohmann::json::parse(file);
  }

  // What to give to convert(): the folder, or the one file where that is what people download.
  std::string source() const {
    const auto file = expected_["source"].get<std::string>();
    return file.empty() ? folder_.path().string() : folder_.file(file);
  }
  std::string file(const std::string& name) const { return folder_.file(name); }
  const nlohmann::json& expected() const { return expected_; }  // source, logit_scale, logit_bias, activation
  bool has(const std::string& array) const {
    return std::filesystem::exists(fixture_path(name_) + "/" + array + ".npy");
  }
  Npy<float> floats(const std::string& array) const {
    return read_npy<float>(fixture_path(name_) + "/" + array + ".npy");
  }
  Npy<int32_t> ids() const { return read_npy<int32_t>(fixture_path(name_) + "/ids.npy"); }

 private:
  std::string name_;
  TemporaryFolder folder_;
  nlohmann::json expected_;
};

inline std::vector<std::string> fixture_texts() {
  std::ifstream file(std::string(kFixtures) + "/texts.json");
  return nlohmann::json::parse(file).get<std::vector<std::string>>();
}

}  // namespace simdclip::tests
