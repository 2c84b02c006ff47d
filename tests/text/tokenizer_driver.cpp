// Tokenizer folders as a filter, for tests/parity/compare_tokenizers.py: records as in text_driver.cpp, ids
// padded as the program pads them.
//
//   tokenizer_driver transformers FOLDER VOCABULARY CONTEXT
//   tokenizer_driver open_clip FOLDER VOCABULARY CONTEXT NAME CLEAN [strip_sep]
//   tokenizer_driver time FOLDER VOCABULARY CONTEXT      microseconds to open the section, and of a text
#include <chrono>
#include <cstdio>
#include <string>

#include "convert/plan.h"
#include "simdclip/error.h"
#include "text/tokenizer.h"

namespace {

using namespace simdclip;

bool read_record(std::string& text) {
  uint32_t size = 0;
  if (std::fread(&size, sizeof size, 1, stdin) != 1) return false;
  text.resize(size);
  return std::fread(text.data(), 1, size, stdin) == size;
}

double microseconds(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
}

void print_times(const ConvertPlan& plan, const auto& open) {
  double opened = 1e9, encoded = 1e9;
  const std::string text = "A photo of two dogs playing in the snow, oil on canvas; ein gro\u00DFer Hund";
  for (int i = 0; i < 20; ++i) opened = std::min(opened, microseconds(open));
  const auto tokenizer = open();
  for (int i = 0; i < 50; ++i) encoded = std::min(encoded, microseconds([&] { tokenizer->encode(text); }));
  std::printf("section %zu bytes, opened in %.0f us, one text in %.1f us\n", plan.tokenizer.size(), opened,
              encoded);
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i) { return std::string(i < argc ? argv[i] : ""); };
  if (argc < 5) return 2;
  try {
    ConvertPlan plan;
    plan.config.text = TextConfig{};
    plan.config.text->vocab_size = static_cast<uint32_t>(std::stoul(argument(3)));
    plan.config.text->context_length = static_cast<uint32_t>(std::stoul(argument(4)));
    if (argument(1) == "open_clip") {
      plan.open_clip_tokenizer = {argument(5), argument(6), argument(7) == "strip_sep"};
      SourceFiles source;
      source.folder = argument(2);
      source.weights = source.folder + "/open_clip_model.safetensors";
      read_open_clip_tokenizer(source, plan);
    } else {
      read_transformers_tokenizer(argument(2), plan);
    }
    const auto open = [&] {
      return make_tokenizer(*plan.config.tokenizer, plan.config.text->vocab_size,
                            plan.config.text->context_length, plan.tokenizer, "driver");
    };
    if (argument(1) == "time") {
      print_times(plan, open);
      return 0;
    }
    const auto tokenizer = open();
    for (std::string text; read_record(text);) {
      auto ids = tokenizer->encode(text);
      ids.resize(tokenizer->context_length(), tokenizer->pad_id());
      const auto count = static_cast<uint32_t>(ids.size());
      std::fwrite(&count, sizeof count, 1, stdout);
      std::fwrite(ids.data(), sizeof ids[0], ids.size(), stdout);
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
