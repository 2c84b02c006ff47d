// What each generator takes from its text towers: diffusers' pipelines.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/fail.h"
#include "simdclip/condition.h"

namespace simdclip {
namespace {

struct Target {
  const char* name;
  size_t encoders;
  bool states, final_norm;
  unsigned skip;  // 0: the last block, or the last but one where the tower has all of ViT-H's 24 blocks
  bool pooled;
  size_t state_width;  // zeros fill the width up; 0: as it comes
};

constexpr Target kTargets[] = {
    {"sd1", 1, true, true, 1, false, 0},  {"sd2", 1, true, true, 0, false, 0},
    {"sdxl", 2, true, false, 2, true, 0}, {"sd3", 2, true, false, 2, true, 4096},
    {"flux", 1, false, true, 1, true, 0},
};

const Target& target_of(const std::string& name) {
  for (const Target& target : kTargets) {
    if (name == target.name) return target;
  }
  fail(ErrorCode::invalid_argument, "'", name,
       "' is no known generator; expected sd1, sd2, sdxl, sd3 or flux");
}

// Prompts of one encoder for both sides, equally long.
std::pair<Conditioning, Conditioning> both(const PromptEncoder& encoder, const std::string& prompt,
                                           const std::string& negative, const ConditionOptions& options) {
  std::pair<Conditioning, Conditioning> out = {encoder.encode(prompt, options),
                                               encoder.encode(negative, options)};
  Conditioning& shorter = out.first.tokens < out.second.tokens ? out.first : out.second;
  const size_t tokens = std::max(out.first.tokens, out.second.tokens);
  if (shorter.tokens < tokens) {
    const Conditioning empty = encoder.encode("", options);
    for (; shorter.tokens < tokens; shorter.tokens += empty.tokens) {
      shorter.states.insert(shorter.states.end(), empty.states.begin(), empty.states.end());
    }
  }
  return out;
}

// [tokens, sum of widths, zeros up to `width`]
NamedTensor side_by_side(const std::string& name, const std::vector<const Conditioning*>& parts,
                         size_t width) {
  size_t total = 0, tokens = parts[0]->tokens;
  for (const Conditioning* part : parts) {
    total += part->width;
    tokens = std::max(tokens, part->tokens);
  }
  NamedTensor out{name, {1, tokens, std::max(total, width)}, {}};
  out.values.resize(tokens * out.shape[2]);
  size_t column = 0;
  for (const Conditioning* part : parts) {
    for (size_t t = 0; t < part->tokens; ++t) {
      std::copy_n(part->states.begin() + static_cast<ptrdiff_t>(t * part->width), part->width,
                  out.values.begin() + static_cast<ptrdiff_t>(t * out.shape[2] + column));
    }
    column += part->width;
  }
  return out;
}

NamedTensor pooled_of(const std::string& name, const std::string& target,
                      const std::vector<const Conditioning*>& parts) {
  NamedTensor out{name, {}, {}};
  if (target == "sdxl") out.values = parts.back()->pooled;
  if (target == "flux") out.values = parts[0]->pooled_state;
  if (target == "sd3") {
    for (const Conditioning* part : parts)
      out.values.insert(out.values.end(), part->pooled.begin(), part->pooled.end());
  }
  out.shape = {1, out.values.size()};
  return out;
}

}  // namespace

std::vector<NamedTensor> condition(const std::string& name, std::span<const PromptEncoder* const> encoders,
                                   const std::string& prompt, const std::string& negative,
                                   PromptDialect dialect, unsigned clip_skip, Downweight downweight,
                                   LongPrompts long_prompts) {
  const Target& target = target_of(name);
  if (encoders.size() != target.encoders) {
    fail(ErrorCode::invalid_argument, name, " takes ", target.encoders,
         target.encoders == 1 ? " text tower" : " text towers (CLIP-L and OpenCLIP bigG)", ", found ",
         encoders.size());
  }
  std::vector<std::pair<Conditioning, Conditioning>> parts;
  for (size_t i = 0; i < encoders.size(); ++i) {
    ConditionOptions options;
    options.dialect = dialect;
    options.downweight = downweight;
    options.long_prompts = long_prompts;
    const unsigned own = target.skip == 0 ? (encoders[i]->layers() >= 24 ? 2 : 1) : target.skip;
    options.clip_skip = clip_skip == 0 ? own : clip_skip;
    options.final_norm = target.final_norm;
    options.pad_with_end = name != "sd2" && i == 0;  // OpenCLIP's towers are padded with 0
    parts.push_back(both(*encoders[i], prompt, negative, options));
  }
  std::vector<const Conditioning*> positive, opposite;
  for (const auto& part : parts) {
    positive.push_back(&part.first);
    opposite.push_back(&part.second);
  }
  std::vector<NamedTensor> out;
  if (target.states) {
    out.push_back(side_by_side("prompt_embeds", positive, target.state_width));
    out.push_back(side_by_side("negative_prompt_embeds", opposite, target.state_width));
  }
  if (target.pooled) {
    out.push_back(pooled_of("pooled_prompt_embeds", name, positive));
    out.push_back(pooled_of("negative_pooled_prompt_embeds", name, opposite));
  }
  return out;
}

void write_safetensors(const std::string& path, std::span<const NamedTensor> tensors) {
  nlohmann::ordered_json header;
  size_t begin = 0;
  for (const NamedTensor& tensor : tensors) {
    size_t count = 1;
    for (const size_t extent : tensor.shape) count *= extent;
    if (count != tensor.values.size())
      fail(ErrorCode::invalid_argument, path, ": tensor '", tensor.name, "' has ", tensor.values.size(),
           " values, its shape ", count);
    const size_t end = begin + tensor.values.size() * sizeof(float);
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t size = text.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&size, 1)));
  file.write(std::as_bytes(std::span(text)));
  for (const NamedTensor& tensor : tensors) file.write(std::as_bytes(std::span(tensor.values)));
  file.commit();
}

}  // namespace simdclip
