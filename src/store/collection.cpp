// Reading an index.
#include "simdclip/collection.h"

#include <filesystem>
#include <unordered_map>

#include "base/fail.h"
#include "store/collection_tables.h"

namespace simdclip {

std::string collection_path(const std::string& folder_or_index) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder_or_index, error)) return folder_or_index;
  return folder_or_index + (folder_or_index.ends_with('/') ? "" : "/") + ".simdclip-index";
}

namespace {

void refuse_empty(CollectionTables& tables, const std::string& path) {
  if (tables.empty())
    fail(ErrorCode::damaged, path, ": holds no index; make it with `simdclip index FOLDER`");
}

}  // namespace

CollectionInfo collection_info(const std::string& path) {
  CollectionTables tables(path, Database::Mode::read);
  refuse_empty(tables, path);
  return tables.info();
}

Collection load_collection(const std::string& path) {
  CollectionTables tables(path, Database::Mode::read);
  refuse_empty(tables, path);
  Database& database = tables.database();
  database.run("PRAGMA mmap_size = 1099511627776; BEGIN");  // one moment for both tables
  const CollectionInfo info = tables.info();
  Collection out{info, Vectors(info.width, info.type), {}};
  out.vectors.reserve(static_cast<size_t>(database.number("SELECT count(*) FROM vectors")));
  std::unordered_map<int64_t, size_t> row_of;
  Statement vectors(database, "SELECT id, row FROM vectors ORDER BY id");
  while (vectors.step()) {
    const std::string_view bytes = vectors.bytes(1);
    if (bytes.size() != row_bytes(info.type, info.width)) {
      fail(ErrorCode::damaged, path, ": a vector has ", bytes.size(), " bytes, expected ",
           row_bytes(info.type, info.width), "; delete the index and index the folder again");
    }
    row_of.emplace(vectors.number(0), out.vectors.size());
    out.vectors.append_encoded(std::as_bytes(std::span(bytes)));
  }
  Statement files(database,
                  "SELECT name, size, modified_ns, vector FROM files WHERE vector IS NOT NULL ORDER BY name");
  while (files.step()) {
    const auto row = row_of.find(files.number(3));
    if (row == row_of.end())
      fail(ErrorCode::damaged, path, ": a file refers to a vector that is not there; index the folder again");
    out.files.push_back(
        {std::string(files.bytes(0)), static_cast<uint64_t>(files.number(1)), files.number(2), row->second});
  }
  database.run("COMMIT");
  return out;
}

}  // namespace simdclip
