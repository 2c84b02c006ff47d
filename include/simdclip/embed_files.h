// Embedding picture files: found in folders, decoded and preprocessed while the tower runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
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

// Everything below a folder. A file is a picture by its first bytes (JPEG, PNG, WebP, GIF, BMP, PNM, PSD, and
// kinds that this build may refuse: TIFF, HEIF, AVIF, JPEG 2000), a TGA file by its ending. Links to folders
// are not followed. Throws Error: not_found, io (the folder itself).
SIMDCLIP_API FolderPictures find_pictures(const std::string& folder);

// Pictures in order: files, what folders hold, and the members of archives (.tar as webdataset has it, also
// compressed, and .zip). A million names take about 100 MB.
class SIMDCLIP_API PictureSet {
 public:
  // One picture file. It is not looked at. named: see named().
  void add_file(std::string_view path, bool named = true);
  // Every picture of find_pictures(folder), appended to what is there. Returns what was found beside them.
  FolderPictures add_folder(const std::string& folder);
  // Every picture among the members, in the archive's order, named ARCHIVE/MEMBER. Returns the number of
  // other members. Throws Error: not_found, io, damaged; unsupported where this build reads no archives.
  size_t add_archive(const std::string& path);
  // Whether a file is named like an archive.
  static bool is_archive(const std::string& path);

  // Drops the pictures where `wanted` [size] is zero. Error invalid_argument for another number.
  void keep_only(std::span<const char> wanted);

  size_t size() const noexcept { return ends_.size(); }
  std::string name(size_t i) const;
  // Given by itself, not found in a folder, archive or list: what cannot be read may be more than a bad
  // picture.
  bool named(size_t i) const noexcept { return kinds_[i] == kNamed; }
  // Of all names in order and the archives' sizes: whether two lists are the same.
  uint64_t fingerprint() const;

  // --- for the readers inside the library ---
  // The archive that holds picture i, or npos; and which member of it.
  static constexpr size_t npos = static_cast<size_t>(-1);
  size_t archive_of(size_t i) const noexcept;
  size_t member_of(size_t i) const noexcept;
  const std::string& archive_path(size_t archive) const noexcept { return archives_[archive].path; }

 private:
  enum Kind : uint8_t { kNamed, kFound, kMember };
  struct Archive {
    std::string path;
    uint64_t bytes = 0;
    size_t first = 0;               // its first picture
    std::vector<uint32_t> members;  // of each picture, its number among all regular files
  };
  void add(std::string_view name, Kind kind);

  std::string names_;           // one after another
  std::vector<uint64_t> ends_;  // of each name
  std::vector<uint8_t> kinds_;
  std::vector<Archive> archives_;  // ascending by first
};

struct EmbedFilesOptions {
  bool apply_orientation = true;  // EXIF. No reference pipeline does; photos from phones need it.
  bool fast_decode = false;       // DecodeOptions::fast_decode: large JPEGs at a half to an eighth, not exact
  bool normalize = true;
  unsigned decode_threads = 0;  // 0: as many as the model's
  // Called instead of throwing where a file cannot be read or decoded, in order; the file gets no row.
  std::function<void(size_t file, const Error& error)> on_bad = {};
};

// Embeds pictures [first, last) of a set in order and hands each row [embed_dim] to `row`, in order, on the
// calling thread. Reading, decoding and preprocessing run on threads of their own; they pause while the tower
// runs, which has every core then, and what it will want next is read meanwhile. At most two batches of
// pixels and one encoded picture for each thread are held, however many there are. An exception thrown by
// `row` or `on_bad` ends the run and is passed on. Throws Error of the first bad picture where on_bad is
// empty; unsupported where the model has no image tower.
SIMDCLIP_API void embed_pictures(const Model& model, const PictureSet& pictures, size_t first, size_t last,
                                 const std::function<void(size_t picture, std::span<const float> row)>& row,
                                 const EmbedFilesOptions& options = {});

// The same for files.
SIMDCLIP_API void embed_files(const Model& model, std::span<const std::string> files,
                              const std::function<void(size_t file, std::span<const float> row)>& row,
                              const EmbedFilesOptions& options = {});

}  // namespace simdclip
