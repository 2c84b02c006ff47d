// Multi-label tagging: which words of a vocabulary a picture shows.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "simdclip/cache.h"
#include "simdclip/export.h"
#include "simdclip/model.h"

namespace simdclip {

struct Tag {
  std::string name;
  std::vector<std::string> synonyms;
  float rarity = 0;   // how seldom captions say it: doublings of a common word's rank; 0: often, or unknown
  bool thing = true;  // "dog"; false: "red", "running", which take no article
};
// One tag a line: name [<tab> synonym, synonym [<tab> rarity [<tab> -]]], - where it is no thing; lines that
// begin with # are comments. Errors: not_found, io, damaged (a rarity that is no number).
SIMDCLIP_API std::vector<Tag> read_tags(const std::string& path);
// 20,151 names of what can be seen, from WordNet (share/simdclip/tags.txt). Error not_found.
SIMDCLIP_API std::vector<Tag> builtin_tags();

struct TaggerOptions {
  std::string prompt = "a photo of a {}";  // {}: the tag; "a {}" is "{}" of what is no thing
  double threshold = 2;                    // standard deviations above the background
  // Deviations that each word behind a name's first costs: plain names before special ones
  double per_word = 0.25;
  double per_rarity = 0.3;  // and each doubling of Tag::rarity: said often before hardly ever said
  size_t most = 8;          // tags of a picture
  double merge = 0.9;       // a tag whose vector's cosine with a better tag's is above this is left out
  // So is one that has a word in common with a better one ("sports car", "touring car")
  bool merge_words = true;
  CacheOptions cache;
  std::function<void(size_t done, size_t total)> progress = {};  // texts embedded
};

// Cosines of different words are not comparable: some are near to every picture. So each word's cosine is
// measured against its own distribution over background pictures, z = (cosine - mean) / deviation, and one
// threshold serves all the words. Deviations are drawn towards the vocabulary's mean variance, the more the
// fewer pictures there are.
class SIMDCLIP_API Tagger {
 public:
  // background: unit vectors [n, embed_dim] of pictures of all kinds, n >= 8; hundreds are better. The model
  // must outlive it. Errors: invalid_argument (no tag, a prompt without {}, too few background pictures).
  Tagger(const Model& model, std::vector<Tag> tags, std::span<const float> background,
         const TaggerOptions& options = {});
  Tagger(Tagger&&) noexcept;
  Tagger& operator=(Tagger&&) noexcept;
  ~Tagger();

  struct Score {
    size_t tag;       // into tags()
    float cosine, z;  // z without what its words and its rarity cost
  };
  const std::vector<Tag>& tags() const noexcept;
  // One unit vector [embed_dim]: the tags above the threshold, best first, near-synonyms merged.
  std::vector<Score> tag(std::span<const float> image) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The folder of pictures that come with simdclip, a small background where there is no better one. Error
// not_found.
SIMDCLIP_API std::string builtin_background_folder();

// An XMP packet with the tags as dc:subject, as photo managers read it from PICTURE.xmp.
SIMDCLIP_API std::string xmp_sidecar(std::span<const std::string> tags);
// Whether this text is a sidecar that xmp_sidecar wrote: others hold what people typed and must not be
// replaced.
SIMDCLIP_API bool is_own_xmp(const std::string& text);

}  // namespace simdclip
