// SentencePiece models as a filter, for compare_sentencepiece.py: records as in text_driver.cpp.
//   spiece_driver MODEL
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "simdclip/error.h"
#include "text/unigram.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ifstream file(argv[1], std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  try {
    const auto section = simdclip::sentencepiece_section(bytes, argv[1]);
    const simdclip::VocabularyTable table(simdclip::TokenizerKind::unigram, section, argv[1]);
    const simdclip::Unigram model(table, argv[1]);
    std::string text;
    for (uint32_t size = 0; std::fread(&size, sizeof size, 1, stdin) == 1;) {
      text.resize(size);
      if (std::fread(text.data(), 1, size, stdin) != size) return 1;
      const auto ids = model.encode(text);
      const auto count = static_cast<uint32_t>(ids.size());
      std::fwrite(&count, sizeof count, 1, stdout);
      std::fwrite(ids.data(), sizeof ids[0], ids.size(), stdout);
    }
  } catch (const simdclip::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
