// update_collection: what changed in a folder, embedded and committed as it goes.
#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <unordered_set>

#include "apps/embed_batches.h"
#include "apps/picture_kind.h"
#include "apps/scan_folder.h"
#include "base/fail.h"
#include "simdclip/collection.h"
#include "store/collection_tables.h"

namespace simdclip {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kCommitInterval(2);
constexpr size_t kCommitRecords = 2048;
constexpr size_t kNone = static_cast<size_t>(-1);

ContentHash content_hash(std::span<const std::byte> bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  ContentHash out;
  std::memcpy(out.data(), canonical.digest, out.size());
  return out;
}

std::string absolute(const std::string& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  return error ? path : canonical.string();
}

bool begins_as_picture(const std::string& path, const std::string& name) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return true;  // reading it will say why
  std::array<char, kPictureHead> head{};
  const ssize_t size = ::read(file, head.data(), head.size());
  ::close(file);
  return size < 0 || is_picture(name, {head.data(), static_cast<size_t>(size)});
}

std::string on_off(bool value) { return value ? "on" : "off"; }

// The index may go on with this model and these options, or it says why not.
void expect_same(const CollectionInfo& have, const CollectionInfo& want, const std::string& model_path) {
  const auto refuse = [&](const std::string& what, const std::string& has, const std::string& asked,
                          const char* advice) {
    fail(ErrorCode::unsupported, have.path, ": ", what, " ", has, ", asked for ", asked, "; ", advice,
         ", name another index with -o, or begin again with --rebuild");
  };
  if (have.model != want.model) {
    refuse("holds vectors of the model", have.model_name, want.model_name + " (" + model_path + ")",
           "vectors of different models cannot be compared: use that model with -m");
  }
  if (have.width != want.width)
    refuse("has vectors of", std::to_string(have.width), std::to_string(want.width), "use that model");
  if (have.type != want.type) {
    refuse("has rows as", std::string(to_string(have.type)), std::string(to_string(want.type)),
           "give the same --rows");
  }
  if (have.apply_orientation != want.apply_orientation) {
    refuse("was made with --exif", on_off(have.apply_orientation), on_off(want.apply_orientation),
           "give the same --exif");
  }
  if (have.fast_decode != want.fast_decode) {
    refuse("was made with fast decoding", on_off(have.fast_decode), on_off(want.fast_decode),
           "give the same --fast-decode");
  }
}

class Updater {
 public:
  Updater(const Model& model, const std::string& folder, const std::string& index,
          const IndexOptions& options)
      : model_(model), folder_(folder), options_(options), tables_(index, Database::Mode::write) {
    CollectionInfo want{index,
                        absolute(folder),
                        model.info().fingerprint,
                        model.info().name,
                        model.embed_dim(),
                        options.type,
                        options.apply_orientation,
                        options.fast_decode};
    // An index inside its folder moves with it.
    if (absolute(fs::path(index).has_parent_path() ? fs::path(index).parent_path().string() : ".") ==
        want.folder)
      want.folder.clear();
    // Looked at first without the lock: an index that is there is not written to for nothing.
    const bool made = (options.rebuild || tables_.empty()) && tables_.create(want, options.rebuild);
    if (!made) {
      const CollectionInfo have = tables_.info();
      expect_same(have, want, model.info().path);
      if (absolute(have.folder) != absolute(folder)) {
        fail(ErrorCode::unsupported, index, ": is the index of ", have.folder, ", not of ", folder,
             "; name another index with -o");
      }
    }
    const std::string in_folder = fs::path(absolute(index)).lexically_relative(absolute(folder)).string();
    own_ = {in_folder, in_folder + "-journal"};
  }

  IndexReport run() {
    known_ = tables_.known_files();
    ScannedFolder scanned = scan_folder(folder_, options_.on_scan);
    refuse_vanished_folder(scanned);
    report_.files = scanned.files.size();
    for (ScannedFile& file : scanned.files) look_at(std::move(file));
    tables_.write(pending_);
    pending_.clear();
    embed();
    remove_vanished(scanned);
    report_.pictures = tables_.pictures();
    report_.unreadable = std::move(scanned.errors);
    return std::move(report_);
  }

 private:
  struct Candidate {
    ScannedFile file;
    bool known;  // under this name, with other size or time
    ContentHash hash = {};
    int64_t vector = 0;
    size_t same_as = kNone;         // the candidate that stands for this content in this run
    ErrorCode bad = ErrorCode::io;  // outcome bad
    enum class Outcome : uint8_t { open, embedded, bad } outcome = Outcome::open;
    std::vector<size_t> waiting = {};  // candidates of the same content that came before it
  };

  void refuse_vanished_folder(const ScannedFolder& scanned) const {
    if (!scanned.unreadable.empty() && scanned.unreadable.front().empty()) throw scanned.errors.front();
    if (!known_.empty() && scanned.files.size() <= own_.size() && !options_.forget_missing) {
      const bool nothing = std::all_of(scanned.files.begin(), scanned.files.end(), [&](const ScannedFile& f) {
        return f.name == own_[0] || f.name == own_[1];
      });
      if (nothing) {
        fail(ErrorCode::not_found, folder_, ": is empty, but the index knows ", known_.size(),
             " files of it; is a drive missing? Give --forget-missing if they are gone");
      }
    }
  }

  void look_at(ScannedFile&& file) {
    seen_.insert(file.name);
    if (file.name == own_[0] || file.name == own_[1]) return;
    const auto known = known_.find(file.name);
    const bool is_known = known != known_.end();
    if (is_known && known->second.size == file.size && known->second.modified_ns == file.modified_ns) {
      ++report_.unchanged;
      report_.others += known->second.kind == FileKind::other ? 1 : 0;
      return;
    }
    if (file.size == 0 || !begins_as_picture(folder_ + "/" + file.name, file.name)) {
      ++report_.others;
      pending_.push_back({std::move(file.name), file.size, file.modified_ns, FileKind::other, 0, {}, {}, {}});
      return;
    }
    candidates_.push_back({.file = std::move(file), .known = is_known});
  }

  void embed() {
    if (candidates_.empty()) return;
    contents_ = tables_.known_contents();
    PictureSet pictures;
    for (const Candidate& candidate : candidates_) pictures.add_file(folder_ + "/" + candidate.file.name);
    PixelPipeline::Options pipeline;
    pipeline.decode = {.apply_orientation = options_.apply_orientation, .fast_decode = options_.fast_decode};
    pipeline.threads = options_.decode_threads;
    pipeline.wanted = [this](size_t i, std::span<const std::byte> bytes) {
      Candidate& candidate = candidates_[i];
      candidate.hash = content_hash(bytes);
      if (const auto found = contents_.find(candidate.hash); found != contents_.end()) {
        candidate.vector = found->second;
        return false;
      }
      const std::lock_guard lock(first_mutex_);
      const auto [first, is_first] = first_of_.emplace(candidate.hash, i);
      if (!is_first) candidate.same_as = first->second;
      return is_first;
    };
    last_commit_ = std::chrono::steady_clock::now();
    embed_batches(
        model_, pictures, 0, pictures.size(), std::move(pipeline), true,
        [&](size_t i, std::span<const float> row, const std::exception_ptr& bad) { take(i, row, bad); });
    commit();
  }

  // What became of candidate i; called in their order. One whose content another stands for may come before
  // that one, since several threads read: then it waits for it.
  void take(size_t i, std::span<const float> row, const std::exception_ptr& bad) {
    Candidate& candidate = candidates_[i];
    if (bad == nullptr && row.empty() && candidate.same_as != kNone) {
      Candidate& first = candidates_[candidate.same_as];
      if (first.outcome == Candidate::Outcome::open) {
        first.waiting.push_back(i);
      } else {
        take_same(candidate, first);
      }
    } else {
      take_own(candidate, row, bad);
      for (const size_t same : candidate.waiting) take_same(candidates_[same], candidate);
    }
    if (options_.on_progress) options_.on_progress(i + 1, candidates_.size());
    if (pending_.size() >= kCommitRecords ||
        std::chrono::steady_clock::now() - last_commit_ >= kCommitInterval)
      commit();
  }

  void take_own(Candidate& candidate, std::span<const float> row, const std::exception_ptr& bad) {
    FileRecord record = record_of(candidate);
    candidate.outcome = Candidate::Outcome::embedded;
    if (bad != nullptr) {
      candidate.outcome = Candidate::Outcome::bad;
      if (!remember_bad(candidate, record, bad)) return;
    } else if (row.empty()) {
      ++report_.known;
      known_again_.insert(candidate.vector);
    } else {
      ++(candidate.known ? report_.changed : report_.added);
      record.row.resize(row_bytes(options_.type, row.size()));
      encode_row(row, options_.type, record.row);
    }
    pending_.push_back(std::move(record));
  }

  // The content was looked at in `first`, which is written before.
  void take_same(Candidate& candidate, const Candidate& first) {
    FileRecord record = record_of(candidate);
    if (first.outcome == Candidate::Outcome::bad) {
      const Error error(first.bad, folder_ + "/" + candidate.file.name + ": has the content of " + folder_ +
                                       "/" + first.file.name + ", which cannot be read");
      if (!remember_bad(candidate, record, std::make_exception_ptr(error))) return;
    } else {
      ++report_.known;
    }
    pending_.push_back(std::move(record));
  }

  static FileRecord record_of(const Candidate& candidate) {
    return {candidate.file.name,
            candidate.file.size,
            candidate.file.modified_ns,
            FileKind::picture,
            candidate.vector,
            candidate.hash,
            {},
            {}};
  }

  // False where the file has vanished since it was seen.
  bool remember_bad(Candidate& candidate, FileRecord& record, const std::exception_ptr& bad) {
    try {
      std::rethrow_exception(bad);
    } catch (const Error& error) {
      candidate.bad = error.code();
      if (error.code() == ErrorCode::not_found) return false;
      ++report_.bad;
      if (options_.on_bad) options_.on_bad(folder_ + "/" + record.name, error);
      // What could not be read now may be readable later, unchanged.
      if (error.code() == ErrorCode::io) return false;
      record.kind = FileKind::bad;
      record.vector = 0;
      record.error = error.what();
    }
    return true;
  }

  void commit() {
    tables_.write(pending_);
    pending_.clear();
    last_commit_ = std::chrono::steady_clock::now();
  }

  void remove_vanished(const ScannedFolder& scanned) {
    const auto below_unreadable = [&](const std::string& name) {
      return std::any_of(
          scanned.unreadable.begin(), scanned.unreadable.end(), [&](const std::string& folder) {
            return name == folder ||
                   (name.size() > folder.size() && name.starts_with(folder) && name[folder.size()] == '/');
          });
    };
    std::vector<std::pair<std::string, KnownFile>> gone;
    for (const auto& [name, known] : known_) {
      if (seen_.contains(name) || below_unreadable(name)) continue;
      gone.emplace_back(name, known);
      if (known.vector != 0 && known_again_.contains(known.vector)) {
        ++report_.moved;
      } else if (known.kind == FileKind::picture) {
        ++report_.removed;
      }
    }
    if (!gone.empty() || report_.changed > 0) tables_.remove(gone);
  }

  const Model& model_;
  std::string folder_;
  const IndexOptions& options_;
  CollectionTables tables_;
  std::array<std::string, 2> own_;  // the index and its journal, where they lie in the folder
  IndexReport report_;
  std::unordered_map<std::string, KnownFile> known_;
  std::unordered_set<std::string> seen_;
  std::vector<Candidate> candidates_;
  std::unordered_map<ContentHash, int64_t, CollectionTables::HashOf> contents_;
  std::mutex first_mutex_;
  std::unordered_map<ContentHash, size_t, CollectionTables::HashOf>
      first_of_;  // candidates by content, in this run
  std::unordered_set<int64_t> known_again_;
  std::vector<FileRecord> pending_;
  std::chrono::steady_clock::time_point last_commit_;
};

}  // namespace

IndexReport update_collection(const Model& model, const std::string& folder, const std::string& index,
                              const IndexOptions& options) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::exists(status)) fail(ErrorCode::not_found, folder, ": no such folder");
  if (!fs::is_directory(status)) fail(ErrorCode::io, folder, ": is no folder");
  std::string clean = folder;
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  if (!model.info().has_image_tower) {
    fail(ErrorCode::unsupported, model.info().path,
         ": this model has no image tower; convert a checkpoint that has one");
  }
  return Updater(model, clean, index, options).run();
}

}  // namespace simdclip
