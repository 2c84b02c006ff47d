// SQLite behind two small classes; every failure is an Error with the file's path.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace simdclip {

class Database {
 public:
  enum class Mode : uint8_t { read, write };  // write creates the file
  Database(const std::string& path, Mode mode);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  void run(const char* sql);
  int64_t number(const char* sql);  // the first column of the first row; 0 where there is none
  const std::string& path() const noexcept { return path_; }
  sqlite3* handle() const noexcept { return handle_; }
  int64_t changes() const noexcept;
  int64_t last_id() const noexcept;
  [[noreturn]] void fail_here(int code) const;

 private:
  std::string path_;
  sqlite3* handle_ = nullptr;
};

// A prepared statement: bind 1, 2, ..., then step() for each row.
class Statement {
 public:
  Statement(Database& database, const char* sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Statement& bind(int64_t value);
  Statement& bind(std::string_view bytes);  // as a blob: names are any bytes
  Statement& bind_text(std::string_view text);
  Statement& bind_null();
  bool step();  // false at the end
  void run();   // to the end, and ready for the next binding
  void reset();

  int64_t number(int column) const;
  std::string_view bytes(int column) const;  // valid until the next step
  bool is_null(int column) const;

 private:
  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

// All that is read within sees one state of the file; with Lock::write nobody else writes meanwhile. Rolled
// back where an exception passes.
class Transaction {
 public:
  enum class Lock : uint8_t { read, write };
  explicit Transaction(Database& database, Lock lock = Lock::write);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace simdclip
