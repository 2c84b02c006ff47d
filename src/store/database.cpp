#include "store/database.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cstring>

#include "base/fail.h"

namespace simdclip {
namespace {

constexpr int kBusyMilliseconds =
    60'000;  // another process commits within moments; a search reads within seconds

}  // namespace

Database::Database(const std::string& path, Mode mode) : path_(path) {
  if (path.find('\0') != std::string::npos)
    fail(ErrorCode::io, "the path of the index holds a NUL byte: ", path.c_str());
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode))
    fail(ErrorCode::io, path, ": is no regular file, expected an index");
  if (!exists && mode == Mode::read) {
    fail(ErrorCode::not_found, path, ": no such index; make one with `simdclip index FOLDER`");
  }
  const int flags = (mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  // "./" keeps a name that begins with "file:" or ":memory:" a name.
  const std::string name = path.starts_with("/") ? path : "./" + path;
  const int result = sqlite3_open_v2(name.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (result != SQLITE_OK) {
    std::string reason = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
    if (const int system = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_); system != 0)
      reason += std::string(": ") + std::strerror(system);
    sqlite3_close(handle_);
    fail(ErrorCode::io, path, ": the index cannot be opened: ", reason,
         mode == Mode::write ? "; name another place with -o" : "");
  }
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, kBusyMilliseconds);
  // A file from elsewhere may not run anything.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

Database::~Database() { sqlite3_close_v2(handle_); }

void Database::fail_here(int code) const {
  const std::string reason = sqlite3_errmsg(handle_);
  switch (code & 0xFF) {
    case SQLITE_FULL:
      fail(ErrorCode::io, path_,
           ": the disk is full; what was finished is kept, free some space and run the same command again");
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      fail(ErrorCode::damaged, path_, ": this is no index, or it is damaged (", reason,
           "); delete it and index the folder again");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      fail(ErrorCode::io, path_,
           ": another process holds the index for more than a minute; try again when it is done");
    case SQLITE_READONLY:
    case SQLITE_PERM:
      fail(ErrorCode::io, path_, ": the index cannot be written (", reason, "); name another place with -o");
    default:
      fail(ErrorCode::io, path_, ": the index cannot be read or written: ", reason, " (SQLite ", code,
           "); what was finished is kept");
  }
}

void Database::run(const char* sql) {
  const int result = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) fail_here(result);
}

int64_t Database::number(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.number(0) : 0;
}

int64_t Database::changes() const noexcept { return sqlite3_changes64(handle_); }
int64_t Database::last_id() const noexcept { return sqlite3_last_insert_rowid(handle_); }

Statement::Statement(Database& database, const char* sql) : database_(database) {
  const int result =
      sqlite3_prepare_v3(database.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (result != SQLITE_OK) database.fail_here(result);
}
Statement::~Statement() { sqlite3_finalize(statement_); }

namespace {
void check_bind(const Database& database, int result) {
  if (result != SQLITE_OK) database.fail_here(result);
}
}  // namespace

Statement& Statement::bind(int64_t value) {
  check_bind(database_, sqlite3_bind_int64(statement_, ++bound_, value));
  return *this;
}
Statement& Statement::bind(std::string_view bytes) {
  check_bind(database_,
             sqlite3_bind_blob64(statement_, ++bound_, bytes.data(), bytes.size(), SQLITE_TRANSIENT));
  return *this;
}
Statement& Statement::bind_text(std::string_view text) {
  check_bind(database_, sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT,
                                            SQLITE_UTF8));
  return *this;
}
Statement& Statement::bind_null() {
  check_bind(database_, sqlite3_bind_null(statement_, ++bound_));
  return *this;
}

bool Statement::step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) database_.fail_here(result);
  return false;
}
void Statement::run() {
  while (step()) {
  }
  reset();
}
void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  bound_ = 0;
}

int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_, column); }
std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}
bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Transaction::Transaction(Database& database, Lock lock) : database_(database) {
  database_.run(lock == Lock::write ? "BEGIN IMMEDIATE" : "BEGIN");
}
Transaction::~Transaction() {
  if (open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}
void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace simdclip
