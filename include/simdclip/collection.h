// A collection: the pictures of a folder and their vectors, in one SQLite file that is brought up to date as
// the folder changes. docs/search.md has its tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "simdclip/embed_files.h"
#include "simdclip/error.h"
#include "simdclip/export.h"
#include "simdclip/model.h"
#include "simdclip/search.h"

namespace simdclip {

struct CollectionInfo {
  std::string path;        // of the index file
  std::string folder;      // where the pictures are; names are relative to it
  uint64_t model = 0;      // ModelInfo::fingerprint of what made the vectors
  std::string model_name;  // for people
  size_t width = 0;
  RowType type = RowType::f16;
  bool apply_orientation = true, fast_decode = false;  // how pictures were decoded
};

struct CollectionFile {
  std::string name;         // relative to the folder; any bytes
  uint64_t size = 0;        // bytes
  int64_t modified_ns = 0;  // since 1970
  size_t row = 0;           // of Collection::vectors; files with equal content share one
};

struct Collection {
  CollectionInfo info;
  Vectors vectors;
  std::vector<CollectionFile> files;  // that have a vector, sorted bytewise by name
};

// The index file of a folder where none is named: FOLDER/.simdclip-index. A path that is no folder is
// returned as it is.
SIMDCLIP_API std::string collection_path(const std::string& folder_or_index);

// Reads an index into memory, as it was at one moment, also while another process brings it up to date.
// Throws Error: not_found, io, damaged, unsupported (of a later version).
SIMDCLIP_API Collection load_collection(const std::string& path);
SIMDCLIP_API CollectionInfo collection_info(const std::string& path);

struct IndexOptions {
  RowType type = RowType::f16;
  bool apply_orientation = true, fast_decode = false;
  bool rebuild = false;  // forget everything first: another model, other options
  // Also where the whole folder is empty (by default Error: a drive that is not there?)
  bool forget_missing = false;
  unsigned decode_threads = 0;  // 0: as many as the model's
  // Told while the folder is looked through (files so far), and while new pictures are embedded (done, of how
  // many).
  std::function<void(size_t files)> on_scan = {};
  std::function<void(size_t done, size_t total)> on_progress = {};
  // A picture that cannot be read, with its path; it is remembered and tried again once it changes.
  std::function<void(const std::string& path, const Error& error)> on_bad = {};
};

struct IndexReport {
  size_t files = 0;      // looked at
  size_t unchanged = 0;  // known already, by size and time
  size_t added = 0;      // new pictures, embedded
  size_t changed = 0;    // of other content than before, embedded
  // New or touched files of known content: moved, copied or renamed ones; it is embedded once
  size_t known = 0;
  size_t moved = 0;     // of those, how many vanished elsewhere
  size_t removed = 0;   // vanished files, the moved ones not counted
  size_t bad = 0;       // new pictures that cannot be read
  size_t others = 0;    // files that are no pictures
  size_t pictures = 0;  // in the index now
  std::vector<Error>
      unreadable;  // folders and files that could not be looked into; what is known of them stays
};

// Brings the index of a folder up to date, or makes it. Only new content is embedded: a file is known by size
// and time, its content by a 128-bit hash. Work is committed every two seconds; a process that is killed
// loses no more than that. Processes may work on one index at once, and searches go on meanwhile. Throws
// Error: not_found, io; unsupported where the index holds vectors of another model or was made with other
// options; damaged where the file is no index.
SIMDCLIP_API IndexReport update_collection(const Model& model, const std::string& folder,
                                           const std::string& index, const IndexOptions& options = {});

}  // namespace simdclip
