#include "store/resume_state.h"

#include <sys/stat.h>
#include <xxhash.h>

#include <charconv>
#include <filesystem>
#include <map>

#include "base/atomic_file.h"
#include "base/fail.h"
#include "base/mapped_file.h"
#include "store/row_names.h"

namespace simdclip {
namespace {

// Lines "key value"; a key may come several times. The last line is "checksum <XXH3 of what stands before
// it>".
class Lines {
 public:
  static Lines read(const std::string& path, const std::string& title) {
    Lines out;
    const MappedFile file = MappedFile::open(path);
    const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    const size_t end = text.rfind("checksum ");
    if (!text.starts_with(title + '\n') || end == std::string_view::npos ||
        text.substr(end) != "checksum " + std::to_string(XXH3_64bits(text.data(), end)) + '\n') {
      fail(ErrorCode::damaged, path, ": is damaged, or of another version; remove it to begin again");
    }
    for (std::string_view rest = text.substr(title.size() + 1, end - title.size() - 1); !rest.empty();) {
      const size_t line = rest.find('\n'), space = rest.find(' ');
      if (line == std::string_view::npos || space >= line)
        fail(ErrorCode::damaged, path, ": a line has no value");
      out.pairs_.emplace(rest.substr(0, space), unescaped(rest.substr(space + 1, line - space - 1)));
      rest.remove_prefix(line + 1);
    }
    out.path_ = path;
    return out;
  }

  uint64_t number(const std::string& key) const {
    const std::string value = text(key);
    uint64_t out = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
    if (error != std::errc() || end != value.data() + value.size())
      fail(ErrorCode::damaged, path_, ": '", key, "' is no number");
    return out;
  }
  std::string text(const std::string& key) const {
    const auto found = pairs_.find(key);
    if (found == pairs_.end()) fail(ErrorCode::damaged, path_, ": has no '", key, "'");
    return found->second;
  }
  std::vector<std::string> all(const std::string& key) const {
    std::vector<std::string> out;
    for (auto [at, end] = pairs_.equal_range(key); at != end; ++at) out.push_back(at->second);
    return out;
  }

 private:
  std::string path_;
  std::multimap<std::string, std::string> pairs_;
};

void add(std::string& out, const char* key, const std::string& value) {
  out += std::string(key) + ' ' + escaped(value) + '\n';
}

void write(const std::string& path, std::string text) {
  text += "checksum " + std::to_string(XXH3_64bits(text.data(), text.size())) + '\n';
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

constexpr const char* kResumeTitle = "simdclip unfinished embedding, version 1";
constexpr const char* kShardTitle = "simdclip shard, version 1";

std::map<std::string, std::string> pairs_of(const std::string& job) {
  std::map<std::string, std::string> out;
  for (std::string_view rest = job; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const size_t equals = line.find('=');
    out[std::string(line.substr(0, equals))] =
        equals == std::string_view::npos ? "" : std::string(line.substr(equals + 1));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return out;
}

}  // namespace

std::optional<ResumeState> read_resume_state(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  const Lines lines = Lines::read(path, kResumeTitle);
  return ResumeState{lines.text("job"),           lines.number("done"),          lines.number("rows"),
                     lines.number("names_bytes"), lines.number("finished") != 0, lines.all("note")};
}

void write_resume_state(const std::string& path, const ResumeState& state) {
  std::string text = std::string(kResumeTitle) + '\n';
  add(text, "job", state.job);
  add(text, "done", std::to_string(state.done));
  add(text, "rows", std::to_string(state.rows));
  add(text, "names_bytes", std::to_string(state.names_bytes));
  add(text, "finished", state.finished ? "1" : "0");
  for (const std::string& note : state.notes) add(text, "note", note);
  write(path, text);
}

void remove_unfinished_states(const std::string& path) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
  const std::string stem = fs::path(path).filename().string() + ".tmp-";  // base/atomic_file.h
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().starts_with(stem)) fs::remove(entry.path(), ignored);
  }
}

ShardState read_shard_state(const std::string& path) {
  const Lines lines = Lines::read(path, kShardTitle);
  return {lines.text("job"),    lines.number("shard"),        lines.number("shards"),
          lines.number("rows"), lines.number("vectors_hash"), lines.number("names_hash")};
}

void write_shard_state(const std::string& path, const ShardState& state) {
  std::string text = std::string(kShardTitle) + '\n';
  add(text, "job", state.job);
  add(text, "shard", std::to_string(state.shard));
  add(text, "shards", std::to_string(state.shards));
  add(text, "rows", std::to_string(state.rows));
  add(text, "vectors_hash", std::to_string(state.vectors_hash));
  add(text, "names_hash", std::to_string(state.names_hash));
  write(path, text);
}

std::string job_difference(const std::string& before, const std::string& now) {
  const auto old = pairs_of(before), current = pairs_of(now);
  for (const auto& [name, value] : current) {
    const auto found = old.find(name);
    const std::string had = found == old.end() ? "(none)" : found->second;
    if (had != value) return "its " + name + " was " + had + ", now it is " + value;
  }
  return old.size() == current.size() ? "" : "it had other options";
}

}  // namespace simdclip
