// Embedding picture files: found in folders, decoded and preprocessed while the tower runs.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "simdclip/error.h"
#include "simdclip/export.h"
#include "simdclip/model.h"

namespace simdclip {

struct FolderPictures {
  std::vector<std::string> pictures;  // paths beginning with the folder as given, sorted bytewise
  std::vector<Error> unreadable;      // files and folders that could not be looked into
  size_t others = 0;                  // files that are no pictures
};

// Everything below a folder. A file is a picture by its first bytes (JPEG, PNG, WebP, GIF, BMP, PNM, and kinds that this
// build may refuse: TIFF, HEIF, AVIF, JPEG 2000), a TGA file by its ending. Links to folders are not followed.
// Throws Error: not_found, io (the folder itself).
SIMDCLIP_API FolderPictures find_pictures(const std::string& folder);

struct EmbedFilesOptions {
  bool apply_orientation = true;  // EXIF. No reference pipeline does; photos from phones need it.
  bool fast_decode = false;       // DecodeOptions::fast_decode: large JPEGs at a half to an eighth, not exact
  bool normalize = true;
  unsigned decode_threads = 0;    // 0: as many as the model's
  // Called instead of throwing where a file cannot be read or decoded, in order; the file gets no row.
  std::function<void(size_t file, const Error& error)> on_bad;
};

// Embeds the files in order and hands each row [embed_dim] to `row`, in order, on the calling thread. Reading, decoding and
// preprocessing run on threads of their own while the tower runs; at most two batches of pixels are held, however many
// files there are. An exception thrown by `row` or `on_bad` ends the run and is passed on.
// Throws Error of the first bad file where on_bad is empty; unsupported where the model has no image tower.
SIMDCLIP_API void embed_files(const Model& model, std::span<const std::string> files,
                              const std::function<void(size_t file, std::span<const float> row)>& row,
                              const EmbedFilesOptions& options = {});

}  // namespace simdclip
