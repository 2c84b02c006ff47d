// The tables of an index file.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "simdclip/collection.h"
#include "store/database.h"

namespace simdclip {

using ContentHash = std::array<unsigned char, 16>;  // XXH3-128 of the encoded picture, canonical bytes

enum class FileKind : uint8_t { picture = 0, other = 1, bad = 2 };

struct KnownFile {
  uint64_t size = 0;
  int64_t modified_ns = 0;
  int64_t vector = 0;  // 0: none
  FileKind kind = FileKind::picture;
};

// What is written of one file.
struct FileRecord {
  std::string name;
  uint64_t size = 0;
  int64_t modified_ns = 0;
  FileKind kind = FileKind::picture;
  int64_t vector = 0;          // of known content, or 0
  ContentHash hash = {};       // of new content
  std::vector<std::byte> row;  // of new content, encoded
  std::string error;           // kind bad
};

class CollectionTables {
 public:
  CollectionTables(const std::string& path, Database::Mode mode);

  bool empty();  // no tables yet
  CollectionInfo info();
  // Makes the tables where there are none, and says whether it did: of several processes that come to an
  // empty file one makes them. anew: also where there are some, which are forgotten with all that they hold.
  bool create(const CollectionInfo& info, bool anew);

  std::unordered_map<std::string, KnownFile> known_files();
  // Vectors by content.
  struct HashOf {
    size_t operator()(const ContentHash& hash) const noexcept;
  };
  std::unordered_map<ContentHash, int64_t, HashOf> known_contents();

  // One transaction. Sets record.vector of each picture.
  void write(std::vector<FileRecord>& records);
  // Files that vanished, as they were known; then vectors that no file refers to.
  void remove(const std::vector<std::pair<std::string, KnownFile>>& files);
  size_t pictures();

  Database& database() noexcept { return database_; }

 private:
  Database database_;
};

}  // namespace simdclip
