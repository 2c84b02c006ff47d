// A checkpoint of a real size by its architecture's name: a sparse file of zeros, so that it costs no disk.
// What is measured is the memory of a process that converts it.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "convert/builders.h"
#include "format/model_file.h"
#include "simdclip/convert.h"
#include "support/errors.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {
namespace {

// The tensors of open_clip's ViT-S-32-alt.
class SparseCheckpoint {
 public:
  explicit SparseCheckpoint(const std::string& path) {
    add("logit_scale", {});
    add("visual.conv1.weight", {384, 3, 32, 32});
    add("visual.class_embedding", {384});
    add("visual.positional_embedding", {50, 384});
    for (const char* norm : {"visual.ln_pre", "visual.ln_post"}) pair(norm, {384});
    blocks("visual.transformer.resblocks.", 12, 384);
    add("visual.proj", {384, 256});
    add("token_embedding.weight", {49408, 256});
    add("positional_embedding", {77, 256});
    blocks("transformer.resblocks.", 10, 256);
    pair("ln_final", {256});
    add("text_projection", {256, 256});
    const std::string header = header_.dump();
    write_text(path, little(header.size(), 8) + header);
    EXPECT_EQ(::truncate(path.c_str(), static_cast<off_t>(8 + header.size() + end_)), 0);
  }
  long bytes() const { return static_cast<long>(end_); }

 private:
  void add(const std::string& name, const std::vector<uint64_t>& shape) {
    uint64_t bytes = 4;
    for (uint64_t extent : shape) bytes *= extent;
    header_[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {end_, end_ + bytes}}};
    end_ += bytes;
  }
  void pair(const std::string& name, const std::vector<uint64_t>& shape) {
    add(name + ".weight", shape);
    add(name + ".bias", {shape[0]});
  }
  void blocks(const std::string& prefix, int layers, uint64_t d) {
    for (int i = 0; i < layers; ++i) {
      const std::string block = prefix + std::to_string(i) + ".";
      pair(block + "ln_1", {d});
      pair(block + "ln_2", {d});
      add(block + "attn.in_proj_weight", {3 * d, d});
      add(block + "attn.in_proj_bias", {3 * d});
      pair(block + "attn.out_proj", {d, d});
      pair(block + "mlp.c_fc", {4 * d, d});
      pair(block + "mlp.c_proj", {d, 4 * d});
    }
  }
  nlohmann::json header_;
  uint64_t end_ = 0;
};

// Peak resident kilobytes of a child that runs `action`; -1 when it failed.
template <typename Action>
long peak_of_child(const Action& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      action();
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  struct rusage usage {};
  if (::wait4(child, &status, 0, &usage) != child || status != 0) return -1;
  return usage.ru_maxrss;
}

TEST(NamedArchitecture, StreamsInBoundedMemory) {
  const TemporaryFolder folder;
  const std::string path = folder.file("epoch_latest.safetensors"), out = folder.file("x.sclip");
  const SparseCheckpoint checkpoint(path);
  expect_error(ErrorCode::missing_info, [&] { convert(path, out); },
               {"epoch_latest.safetensors", "--arch", "ViT-S-32-alt"});
  ConvertOptions options;
  options.arch = "ViT-S-32-alt";
  options.precision = "bf16";
  std::string notes;
  options.note = [&](std::string_view note) { notes += note; };
  const long peak = peak_of_child([&] { convert(path, out, options); });
  ASSERT_GE(peak, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // The promise is the largest tensor (the token embedding) and 200 MB. That would hold these 165 MB whole:
  // what is asked for here would not.
  constexpr long kLargest = 49408L * 256 * 4 / 1024;
  EXPECT_LT(peak, kLargest + 80 * 1024);
  EXPECT_GT(checkpoint.bytes() / 1024, 3 * kLargest);
#endif
  convert(path, out, options);
  EXPECT_NE(notes.find("OpenAI's mean and std"), std::string::npos);
  const auto config = ModelFile::open(out).config();
  EXPECT_EQ(config.name, "ViT-S-32-alt");
  EXPECT_EQ(config.vision->transformer.heads, 6U);
  EXPECT_EQ(config.text->transformer.layers, 10U);
  EXPECT_EQ(config.preprocess->mean[0], 0.48145466F);
  EXPECT_EQ(config.logit_scale, 1.0F);
}

}  // namespace
}  // namespace simdclip::tests
