#include "store/collection_tables.h"

#include <cstring>

#include "base/fail.h"

namespace simdclip {
namespace {

constexpr int64_t kApplication = 0x53434C50;  // "SCLP", in the file's header
constexpr int64_t kVersion = 1;

// A vector of 512 halves and its key: 15 to a page of 16 KB.
constexpr const char* kTables = R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE vectors(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, row BLOB NOT NULL);
CREATE TABLE files(name BLOB PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, kind INTEGER NOT NULL,
                   vector INTEGER REFERENCES vectors(id), error TEXT) WITHOUT ROWID;
CREATE INDEX files_vector ON files(vector);
)";

std::string meta(Database& database, const char* key) {
  Statement statement(database, "SELECT value FROM meta WHERE key = ?");
  statement.bind_text(key);
  if (!statement.step()) {
    fail(ErrorCode::damaged, database.path(), ": the index does not say its '", key,
         "'; delete it and index the folder again");
  }
  return std::string(statement.bytes(0));
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

size_t CollectionTables::HashOf::operator()(const ContentHash& hash) const noexcept {
  size_t out = 0;
  std::memcpy(&out, hash.data(), sizeof out);
  return out;
}

CollectionTables::CollectionTables(const std::string& path, Database::Mode mode) : database_(path, mode) {
  if (mode == Database::Mode::write && database_.number("PRAGMA page_count") == 0)
    database_.run("PRAGMA page_size = 16384");
  // Another process may be making the tables: its mark and its tables are seen together or not at all.
  Transaction transaction(database_, Transaction::Lock::read);
  const int64_t application = database_.number("PRAGMA application_id");
  if (application != kApplication && !empty()) {
    fail(ErrorCode::damaged, path,
         ": is an SQLite file of another program, not an index; name another place with -o");
  }
  const int64_t version = database_.number("PRAGMA user_version");
  if (version > kVersion) {
    fail(ErrorCode::unsupported, path, ": the index has version ", version, ", this program knows version ",
         kVersion, "; use a later simdclip");
  }
  transaction.commit();
}

bool CollectionTables::empty() { return database_.number("SELECT count(*) FROM sqlite_schema") == 0; }

CollectionInfo CollectionTables::info() {
  CollectionInfo out;
  out.path = database_.path();
  out.folder = meta(database_, "folder");
  if (out.folder.empty()) out.folder = folder_of(out.path);
  // An integer in SQL has a sign.
  Statement numbers(
      database_,
      "SELECT (SELECT value FROM meta WHERE key = 'model'), (SELECT value FROM meta WHERE key = 'width')");
  numbers.step();
  out.model = static_cast<uint64_t>(numbers.number(0));
  out.width = static_cast<size_t>(numbers.number(1));
  if (numbers.number(1) <= 0 || numbers.number(1) > (1 << 24)) {
    fail(ErrorCode::damaged, out.path, ": the index says that vectors have ", numbers.number(1), " values");
  }
  out.model_name = meta(database_, "model_name");
  out.type = parse_row_type(meta(database_, "rows"));
  out.apply_orientation = meta(database_, "exif") == "on";
  out.fast_decode = meta(database_, "fast_decode") == "on";
  return out;
}

bool CollectionTables::create(const CollectionInfo& info, bool anew) {
  Transaction transaction(database_);
  if (!anew && !empty()) return false;
  database_.run("DROP TABLE IF EXISTS files; DROP TABLE IF EXISTS vectors; DROP TABLE IF EXISTS meta");
  database_.run(kTables);
  database_.run(("PRAGMA application_id = " + std::to_string(kApplication)).c_str());
  database_.run(("PRAGMA user_version = " + std::to_string(kVersion)).c_str());
  Statement insert(database_, "INSERT INTO meta VALUES(?, ?)");
  const auto text = [&](const char* key, const std::string& value) {
    insert.bind_text(key).bind(std::string_view(value));
    insert.run();
  };
  text("folder", info.folder);
  text("model_name", info.model_name);
  text("rows", std::string(to_string(info.type)));
  text("exif", info.apply_orientation ? "on" : "off");
  text("fast_decode", info.fast_decode ? "on" : "off");
  insert.bind_text("model").bind(static_cast<int64_t>(info.model));
  insert.run();
  insert.bind_text("width").bind(static_cast<int64_t>(info.width));
  insert.run();
  transaction.commit();
  return true;
}

std::unordered_map<std::string, KnownFile> CollectionTables::known_files() {
  std::unordered_map<std::string, KnownFile> out;
  out.reserve(static_cast<size_t>(database_.number("SELECT count(*) FROM files")));
  Statement rows(database_, "SELECT name, size, modified_ns, kind, vector FROM files");
  while (rows.step()) {
    out.emplace(rows.bytes(0), KnownFile{static_cast<uint64_t>(rows.number(1)), rows.number(2),
                                         rows.number(4), static_cast<FileKind>(rows.number(3))});
  }
  return out;
}

std::unordered_map<ContentHash, int64_t, CollectionTables::HashOf> CollectionTables::known_contents() {
  std::unordered_map<ContentHash, int64_t, HashOf> out;
  Statement rows(database_, "SELECT hash, id FROM vectors");
  while (rows.step()) {
    const std::string_view bytes = rows.bytes(0);
    ContentHash hash;
    if (bytes.size() != hash.size()) continue;
    std::memcpy(hash.data(), bytes.data(), hash.size());
    out.emplace(hash, rows.number(1));
  }
  return out;
}

void CollectionTables::write(std::vector<FileRecord>& records) {
  if (records.empty()) return;
  Transaction transaction(database_);
  Statement add(database_, "INSERT OR IGNORE INTO vectors(hash, row) VALUES(?, ?)");
  Statement find(database_, "SELECT id FROM vectors WHERE hash = ?");
  Statement put(
      database_,
      "INSERT OR REPLACE INTO files(name, size, modified_ns, kind, vector, error) VALUES(?, ?, ?, ?, ?, ?)");
  for (FileRecord& record : records) {
    const std::string_view hash(reinterpret_cast<const char*>(record.hash.data()), record.hash.size());
    if (!record.row.empty()) {
      add.bind(hash).bind({reinterpret_cast<const char*>(record.row.data()), record.row.size()});
      add.run();
    }
    // By content: another process may have removed, and added again, what was known under another number.
    if (record.kind == FileKind::picture) {
      find.bind(hash);
      record.vector = find.step() ? find.number(0) : 0;
      find.reset();
      if (record.vector == 0) continue;  // its vector went away meanwhile: the next run finds the file new
    }
    put.bind(std::string_view(record.name)).bind(static_cast<int64_t>(record.size)).bind(record.modified_ns);
    put.bind(static_cast<int64_t>(record.kind));
    record.vector == 0 ? put.bind_null() : put.bind(record.vector);
    record.error.empty() ? put.bind_null() : put.bind_text(record.error);
    put.run();
  }
  transaction.commit();
}

void CollectionTables::remove(const std::vector<std::pair<std::string, KnownFile>>& files) {
  Transaction transaction(database_);
  // As it was known: another process may have seen it come back.
  Statement erase(database_, "DELETE FROM files WHERE name = ? AND size = ? AND modified_ns = ?");
  for (const auto& [name, known] : files) {
    erase.bind(std::string_view(name)).bind(static_cast<int64_t>(known.size)).bind(known.modified_ns);
    erase.run();
  }
  database_.run("DELETE FROM vectors WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.vector = vectors.id)");
  transaction.commit();
}

size_t CollectionTables::pictures() {
  return static_cast<size_t>(database_.number("SELECT count(*) FROM files WHERE vector IS NOT NULL"));
}

}  // namespace simdclip
