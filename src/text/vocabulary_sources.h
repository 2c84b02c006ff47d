// Vocabularies out of the files that carry them: SentencePiece models, tokenizer.json, vocab.txt, vocab.json
// with merges.txt.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/spiece_model.h"
#include "text/vocabulary_section.h"

namespace simdclip {

using Json = nlohmann::json;

// A vocabulary on its way into a section.
struct VocabularySource {
  std::vector<std::pair<std::string, double>> pieces;  // by id; an empty text where there is none
  std::vector<std::pair<std::string, std::string>> merges;
  std::string charsmap;
  std::vector<ExtraToken> special;  // control and user-defined pieces of a SentencePiece model
  bool byte_fallback = false;
};

// Error damaged: no object.
Json parse_object(std::string_view text, const std::string& where);

// The pieces and scores; BPE models get their merges from the pieces (transformers' generate_merges).
VocabularySource source_from_spiece(std::string_view file, const std::string& where, bool with_merges);
// tokenizer.json's model: a list of pieces and scores, or an object of pieces and ids with merges.
VocabularySource source_from_json(const Json& model, const std::string& where);
VocabularySource source_from_vocab_txt(std::string_view text, const std::string& where);
VocabularySource source_from_merges(std::string_view vocab_json, std::string_view merges_txt,
                                    const std::string& where);

// Every pair of pieces that makes a piece, in the order of the pieces they make.
std::vector<std::pair<std::string, std::string>> generate_merges(
    const std::vector<std::pair<std::string, double>>& pieces);

// The pieces below an id, later ones in place of earlier ones of the same text, and the merges as ids. Error
// damaged.
void fill_entries(const VocabularySource& source, uint32_t limit, Vocabulary& vocabulary,
                  const std::string& where);

// Whether the pieces from that id on are placeholders alone (`<extra_id_0>`, with or without U+2581 before
// it).
bool only_placeholders_from(const std::vector<std::pair<std::string, double>>& pieces, size_t id);

std::string decode_base64(std::string_view text, const std::string& where);

}  // namespace simdclip
