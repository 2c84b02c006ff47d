// From a picture to a prompt: CLIP Interrogator's modes (github.com/pharmapsychotic/clip-interrogator) over
// its lists or others.
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

struct InterrogatorLists {
  std::vector<std::string> artists;  // "by NAME", "inspired by NAME"
  std::vector<std::string> flavors, mediums, movements, trendings, negative;
};
// artists.txt, flavors.txt, mediums.txt, movements.txt and negative.txt of a folder, one entry a line; the
// trendings are the reference's own, made of the names of picture sites. Errors: not_found, io.
SIMDCLIP_API InterrogatorLists read_interrogator_lists(const std::string& folder);
// The folder of the lists that come with simdclip: media, epochs of art and flavours made for it, free of
// rights, without artists' names. Error not_found.
SIMDCLIP_API std::string builtin_lists_folder();

struct InterrogatorOptions {
  // As the reference's Config.
  // Longer lists are ranked in chunks, of which each keeps chunk_size / chunks entries
  size_t chunk_size = 2048;
  size_t intermediate_count = 2048;  // entries that a chain chooses from
  size_t min_flavors = 8, max_flavors = 32;
  CacheOptions cache;
  std::function<void(const std::string& list, size_t done, size_t total)> progress;  // texts embedded
};

class SIMDCLIP_API Interrogator {
 public:
  // Embeds the lists, or finds them in the cache. The model must outlive it. Errors: invalid_argument (an
  // empty list).
  Interrogator(const Model& model, InterrogatorLists lists, const InterrogatorOptions& options = {});
  Interrogator(Interrogator&&) noexcept;
  Interrogator& operator=(Interrogator&&) noexcept;
  ~Interrogator();

  // image: a unit vector [embed_dim]; caption: what the picture shows, from a captioner, a person, or
  // nearest_caption().
  std::string best(std::span<const float> image,
                   const std::string& caption) const;  // chains flavours while the similarity grows
  std::string fast(std::span<const float> image,
                   const std::string& caption) const;  // the caption and the best entries of all lists
  std::string classic(std::span<const float> image, const std::string& caption)
      const;  // caption, medium, artist, trending, movement, 3 flavours
  std::string negative(std::span<const float> image) const;  // chains what the picture is not
  double similarity(std::span<const float> image, const std::string& prompt) const;  // cosine

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A caption by retrieval, where there is no captioner: of each unit vector [n, embed_dim] the nearest of
// `captions`.
SIMDCLIP_API std::vector<std::string> nearest_captions(
    const Model& model, std::span<const float> images, const std::vector<std::string>& captions,
    const CacheOptions& cache = {}, const std::function<void(size_t done, size_t total)>& progress = {});

}  // namespace simdclip
