// The tokenizers as a filter, for the comparison with Python (compare_python.py): records of a 4-byte
// little-endian length and that many bytes of text on stdin; for each, a 4-byte count and that many int32 ids
// on stdout.
//
//   text_driver open_clip|transformers [FOLDER]    FOLDER: vocab.json and merges.txt; without it CLIP's own
//   vocabulary text_driver clean open_clip|transformers       the cleaned text instead of ids, as a length
//   and UTF-8
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "simdclip/error.h"
#include "text/clean.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace {

using namespace simdclip;

bool read_record(std::string& text) {
  uint32_t size = 0;
  if (std::fread(&size, sizeof size, 1, stdin) != 1) return false;
  text.resize(size);
  return std::fread(text.data(), 1, size, stdin) == size;
}

void write_record(uint32_t count, const void* data, size_t bytes) {
  std::fwrite(&count, sizeof count, 1, stdout);
  std::fwrite(data, 1, bytes, stdout);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int run_clean(TextCleaning cleaning) {
  for (std::string text; read_record(text);) {
    std::u32string decoded = decode_utf8(text);
    cleaning == TextCleaning::open_clip ? clean_open_clip(decoded) : clean_transformers(decoded);
    const std::string clean = encode_utf8(decoded);
    write_record(static_cast<uint32_t>(clean.size()), clean.data(), clean.size());
  }
  return 0;
}

int run_ids(TextCleaning cleaning, const std::string& folder, uint32_t context) {
  const auto section = folder.empty()
                           ? clip_bpe_builtin_section()
                           : clip_bpe_section_from_merges(read_file(folder + "/merges.txt"),
                                                          read_file(folder + "/vocab.json"), folder);
  TokenizerConfig config;
  config.cleaning = cleaning;
  const auto tokenizer = make_tokenizer(config, 49408, context, section, "driver");
  for (std::string text; read_record(text);) {
    const auto ids = tokenizer->encode(text);
    write_record(static_cast<uint32_t>(ids.size()), ids.data(), ids.size() * sizeof ids[0]);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i) { return std::string(i < argc ? argv[i] : ""); };
  const bool clean = argument(1) == "clean";
  const std::string dialect = argument(clean ? 2 : 1);
  if (dialect != "open_clip" && dialect != "transformers") return 2;
  const TextCleaning cleaning = dialect == "open_clip" ? TextCleaning::open_clip : TextCleaning::transformers;
  try {
    return clean ? run_clean(cleaning)
                 : run_ids(cleaning, argument(2),
                           argument(3).empty() ? 77 : static_cast<uint32_t>(std::stoul(argument(3))));
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
