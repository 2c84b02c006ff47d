// Embeddings of texts kept on disk, so that a second start does not run the text tower.
#pragma once

#include <string>

#include "simdclip/export.h"

namespace simdclip {

// $XDG_CACHE_HOME/simdclip, else $HOME/.cache/simdclip; "" where neither is set.
SIMDCLIP_API std::string default_cache_folder();

// Files are named by a hash of the model's fingerprint and all the texts, and checked when they are read: a
// stale or damaged one is computed anew. A cache that cannot be written is no error; the next start is slow
// then.
struct CacheOptions {
  bool enabled = true;
  std::string folder;  // "": default_cache_folder()
};

}  // namespace simdclip
