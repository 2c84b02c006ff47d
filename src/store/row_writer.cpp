// RowWriter: rows that come one by one, work that outlives the process, and joining shards.
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/atomic_file.h"
#include "base/fail.h"
#include "base/mapped_file.h"
#include "base/npy_header.h"
#include "simdclip/npy.h"
#include "store/resume_state.h"
#include "store/row_names.h"

namespace simdclip {
namespace {

constexpr size_t kFlushBytes = size_t{1} << 20U;

const char* descr(RowType type) {
  return type == RowType::f32 ? "<f4" : type == RowType::f16 ? "<f2" : "|i1";
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string with_ending(const std::string& npy, const char* ending) {
  std::string names = names_beside(npy);
  names.resize(names.size() - 4);  // .tsv
  return names + ending;
}

uint64_t hash_of_file(const std::string& path) {
  const MappedFile file = MappedFile::open(path);
  return XXH3_64bits(file.bytes().data(), file.bytes().size());
}

// AtomicFile writes beside what a link points to.
std::string target_of(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const auto target = std::filesystem::canonical(path, error);
  return error ? path : target.string();
}

void rename_part(const std::string& link) {
  const std::string path = target_of(link), part = path + ".part";
  if (::rename(part.c_str(), path.c_str()) != 0 && errno != ENOENT) {
    fail(ErrorCode::io, part, ": cannot be renamed: ", std::strerror(errno));
  }
}

}  // namespace

struct RowWriter::State {
  State(const std::string& npy, size_t row_width, const RowWriterOptions& given)
      : path(npy),
        names_path(names_beside(npy)),
        resume_path(npy + ".resume"),
        options(given),
        width(row_width) {}

  std::string path, names_path, resume_path;
  RowWriterOptions options;
  size_t width, rows = 0, done = 0, resumed = 0;
  bool complete = false, checkpointed = false;
  std::optional<AtomicFile> vectors, names;
  std::vector<std::byte> pending;
  std::string pending_names;
  std::vector<std::string> notes;
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();

  std::string header() const {
    const size_t shape[] = {rows, width};
    return npy_header(descr(options.type), shape);
  }

  void flush() {
    vectors->write(pending);
    pending.clear();
    names->write(bytes_of(pending_names));
    pending_names.clear();
  }

  void open() {
    std::optional<ResumeState> before;
    if (!options.job.empty()) {
      if (options.restart) ::unlink(resume_path.c_str());
      before = read_resume_state(resume_path);
    }
    if (!before) {
      if (options.job.empty()) {
        vectors.emplace(path);
        names.emplace(names_path);
      } else {
        vectors.emplace(path, 0);
        names.emplace(names_path, 0);
        remove_unfinished_states(resume_path);
      }
      vectors->write(bytes_of(header()));
      return;
    }
    const std::string difference = job_difference(before->job, options.job);
    if (!difference.empty()) {
      fail(ErrorCode::unsupported, path, ": an unfinished run is there, ", before->done, " inputs done, but ",
           difference, "; finish it with its own command, or give --restart to forget it");
    }
    rows = before->rows;
    done = resumed = before->done;
    notes = before->notes;
    checkpointed = true;
    if (before->finished) {
      finish();
      complete = true;
      return;
    }
    vectors.emplace(path, kNpyHeaderBytes + rows * row_bytes(options.type, width));
    names.emplace(names_path, before->names_bytes);
    remove_unfinished_states(resume_path);
  }

  void write_checkpoint(bool finished) {
    flush();
    vectors->sync();
    names->sync();
    write_resume_state(resume_path, {options.job, done, rows, names->size(), finished, notes});
    vectors->keep();
    names->keep();
    checkpointed = true;
    last = std::chrono::steady_clock::now();
  }

  // After the parts are complete and synced.
  void finish() {
    rename_part(names_path);
    rename_part(path);
    write_shard();
    ::unlink(resume_path.c_str());
  }

  void write_shard() const {
    if (options.shards == 0) return;
    write_shard_state(with_ending(path, ".shard"), {options.job, options.shard, options.shards, rows,
                                                    hash_of_file(path), hash_of_file(names_path)});
  }
};

RowWriter::RowWriter(const std::string& path, size_t width, const RowWriterOptions& options)
    : state_(std::make_unique<State>(path, width, options)) {
  state_->open();
}
RowWriter::~RowWriter() = default;

size_t RowWriter::rows() const noexcept { return state_->rows; }
const std::string& RowWriter::names_path() const noexcept { return state_->names_path; }
size_t RowWriter::resumed() const noexcept { return state_->resumed; }
const std::vector<std::string>& RowWriter::notes() const noexcept { return state_->notes; }
bool RowWriter::complete() const noexcept { return state_->complete; }

void RowWriter::append(std::span<const float> row, std::string_view source) {
  State& s = *state_;
  if (row.size() != s.width) {
    fail(ErrorCode::invalid_argument, "row has ", row.size(), " values, expected ", s.width);
  }
  const size_t begin = s.pending.size(), bytes = row_bytes(s.options.type, s.width);
  s.pending.resize(begin + bytes);
  encode_row(row, s.options.type, std::span(s.pending).subspan(begin, bytes));
  s.pending_names += std::to_string(s.rows) + '\t';
  append_escaped(s.pending_names, source);
  s.pending_names += '\n';
  ++s.rows;
  if (s.pending.size() + s.pending_names.size() >= kFlushBytes) s.flush();
}

void RowWriter::note(std::string line) { state_->notes.push_back(std::move(line)); }

void RowWriter::checkpoint(size_t done) {
  State& s = *state_;
  s.done = done;
  const std::chrono::duration<double> age = std::chrono::steady_clock::now() - s.last;
  if (age.count() >= s.options.checkpoint_seconds) s.write_checkpoint(false);
}

void RowWriter::commit() {
  State& s = *state_;
  if (s.complete) return;
  s.flush();
  s.vectors->write_at(0, bytes_of(s.header()));
  if (s.checkpointed) {
    // Two files cannot be renamed at once: the resume file says that only this is left, should the process
    // end in between.
    s.write_checkpoint(true);
    s.names.reset();
    s.vectors.reset();
    s.finish();
  } else {
    s.names->commit();
    s.vectors->commit();
    s.write_shard();
  }
}

namespace {

struct Part {
  std::string path;
  ShardState state;
};

// The job without what tells the shards apart.
std::string common_job(const std::string& job) {
  std::string out;
  for (std::string_view rest = job; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (!line.starts_with("shard=")) out += std::string(line) + '\n';
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return out;
}

std::vector<Part> sorted_parts(std::span<const std::string> paths) {
  std::vector<Part> parts;
  for (const std::string& path : paths)
    parts.push_back({path, read_shard_state(with_ending(path, ".shard"))});
  if (parts.empty()) fail(ErrorCode::invalid_argument, "no part to merge");
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.state.shard < b.state.shard; });
  const uint64_t shards = parts.front().state.shards;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string difference =
        job_difference(common_job(parts[0].state.job), common_job(parts[i].state.job));
    if (!difference.empty() || parts[i].state.shards != shards) {
      fail(ErrorCode::unsupported, parts[i].path, ": is no part of the same run as ", parts[0].path, ": ",
           difference.empty() ? "it was split otherwise" : difference);
    }
    if (parts[i].state.shard != i + 1) {
      fail(ErrorCode::unsupported, parts[i].path, ": is shard ", parts[i].state.shard, " of ", shards,
           ", expected shard ", i + 1, "; give every shard once");
    }
  }
  if (parts.size() != shards)
    fail(ErrorCode::unsupported, "shard ", parts.size() + 1, " of ", shards,
         " is missing; give every shard once");
  return parts;
}

void verify(const Part& part, const Vectors& vectors, const std::vector<std::string>& names) {
  if (hash_of_file(part.path) != part.state.vectors_hash ||
      hash_of_file(names_beside(part.path)) != part.state.names_hash || vectors.size() != part.state.rows ||
      names.size() != part.state.rows) {
    fail(ErrorCode::damaged, part.path,
         ": it or its list of sources has changed since it was written; embed this shard again");
  }
}

}  // namespace

size_t merge_rows(const std::string& path, std::span<const std::string> paths) {
  const std::vector<Part> parts = sorted_parts(paths);
  const Vectors first = Vectors::open(parts.front().path);
  AtomicFile vectors(path), names(names_beside(path));
  size_t rows = 0;
  const auto header = [&] {
    const size_t shape[] = {rows, first.width()};
    return npy_header(descr(first.type()), shape);
  };
  vectors.write(bytes_of(header()));
  for (const Part& part : parts) {
    const Vectors some = Vectors::open(part.path);
    const std::vector<std::string> sources = read_row_names(part.path);
    verify(part, some, sources);
    if (some.width() != first.width() || some.type() != first.type()) {
      fail(ErrorCode::shape_mismatch, part.path, ": has rows of another shape than ", parts.front().path);
    }
    if (some.size() > 0)
      vectors.write({some.encoded_row(0).data(), some.size() * some.encoded_row(0).size()});
    std::string lines;
    for (const std::string& source : sources) {
      lines += std::to_string(rows++) + '\t';
      append_escaped(lines, source);
      lines += '\n';
      if (lines.size() >= kFlushBytes) {
        names.write(bytes_of(lines));
        lines.clear();
      }
    }
    names.write(bytes_of(lines));
  }
  vectors.write_at(0, bytes_of(header()));
  names.commit();
  vectors.commit();
  return rows;
}

}  // namespace simdclip
