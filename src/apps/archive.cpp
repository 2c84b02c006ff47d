#include "apps/archive.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/fail.h"

#if defined(SIMDCLIP_HAVE_ARCHIVE)
#include <archive.h>
#include <archive_entry.h>
#endif

namespace simdclip {

bool named_like_archive(const std::string& path) {
  std::string lower = path;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const char* endings[] = {".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2", ".zip"};
  return std::any_of(std::begin(endings), std::end(endings),
                     [&](const char* e) { return lower.ends_with(e); });
}

#if defined(SIMDCLIP_HAVE_ARCHIVE)

struct ArchiveReader::State {
  std::string path, member;
  std::unique_ptr<archive, int (*)(archive*)> reader{nullptr, archive_read_free};
  archive_entry* entry = nullptr;

  [[noreturn]] void fail_damaged() const {
    const char* reason = archive_error_string(reader.get());
    fail(ErrorCode::damaged, path, member.empty() ? "" : "/" + member, ": ",
         reason == nullptr ? "cannot be read" : reason,
         "; the archive is damaged or was cut off, get it again");
  }
};

ArchiveReader::ArchiveReader(const std::string& path) : state_(std::make_unique<State>()) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) fail(ErrorCode::not_found, path, ": no such archive");
  state_->path = path;
  state_->reader.reset(archive_read_new());
  archive* reader = state_->reader.get();
  if (reader == nullptr) throw std::bad_alloc();
  archive_read_support_filter_all(reader);
  archive_read_support_format_tar(reader);
  archive_read_support_format_zip(reader);
  if (archive_read_open_filename(reader, path.c_str(), size_t{256} << 10U) != ARCHIVE_OK) {
    const char* reason = archive_error_string(reader);
    fail(ErrorCode::io, path,
         ": cannot be opened as an archive: ", reason == nullptr ? "unknown reason" : reason);
  }
}
ArchiveReader::~ArchiveReader() = default;

bool ArchiveReader::next(std::string& name) {
  while (true) {
    const int result = archive_read_next_header(state_->reader.get(), &state_->entry);
    if (result == ARCHIVE_EOF) return false;
    if (result < ARCHIVE_WARN) {
      state_->member.clear();
      state_->fail_damaged();
    }
    if (archive_entry_filetype(state_->entry) != AE_IFREG || archive_entry_hardlink(state_->entry) != nullptr)
      continue;
    const char* path = archive_entry_pathname(state_->entry);
    state_->member = path == nullptr ? "(a member whose name cannot be read)" : path;
    name = state_->member;
    return true;
  }
}

std::vector<std::byte> ArchiveReader::read(size_t most, bool whole) {
  std::vector<std::byte> out;
  const size_t step = std::min(most, size_t{1} << 20U);
  while (out.size() < most) {
    const size_t have = out.size(), want = std::min(step, most - have);
    out.resize(have + want);
    const la_ssize_t got = archive_read_data(state_->reader.get(), out.data() + have, want);
    if (got < 0) state_->fail_damaged();
    out.resize(have + static_cast<size_t>(got));
    if (got == 0) return out;
  }
  std::byte more{};
  if (whole && archive_read_data(state_->reader.get(), &more, 1) > 0) {
    fail(ErrorCode::too_large, state_->path, "/", state_->member, ": has more than ", most, " bytes");
  }
  return out;
}

#else

struct ArchiveReader::State {};
ArchiveReader::ArchiveReader(const std::string& path) {
  fail(ErrorCode::unsupported, path,
       ": this build reads no archives; install libarchive-dev and build again, or unpack it");
}
ArchiveReader::~ArchiveReader() = default;
bool ArchiveReader::next(std::string&) { return false; }
std::vector<std::byte> ArchiveReader::read(size_t, bool) { return {}; }

#endif

}  // namespace simdclip
