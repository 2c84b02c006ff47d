#include "apps/picture_source.h"

#include <xxhash.h>

#include <algorithm>
#include <filesystem>

#include "apps/picture_kind.h"
#include "base/fail.h"

namespace simdclip {
void PictureSet::add(std::string_view name, Kind kind) {
  names_ += name;
  ends_.push_back(names_.size());
  kinds_.push_back(kind);
}

void PictureSet::add_file(std::string_view path, bool named) { add(path, named ? kNamed : kFound); }

FolderPictures PictureSet::add_folder(const std::string& folder) {
  FolderPictures found = find_pictures(folder);
  for (const std::string& path : found.pictures) add(path, kFound);
  return found;
}

size_t PictureSet::add_archive(const std::string& path) {
  ArchiveReader reader(path);
  Archive archive{path, std::filesystem::file_size(path), size(), {}};
  size_t others = 0;
  std::string name;
  for (uint32_t member = 0; reader.next(name); ++member) {
    const std::vector<std::byte> head = reader.read(kPictureHead, false);
    if (is_picture(name, {reinterpret_cast<const char*>(head.data()), head.size()})) {
      archive.members.push_back(member);
      add(path + "/" + name, kMember);
    } else {
      ++others;
    }
  }
  if (!archive.members.empty()) archives_.push_back(std::move(archive));
  return others;
}

void PictureSet::keep_only(std::span<const char> wanted) {
  if (wanted.size() != size()) {
    fail(ErrorCode::invalid_argument, "'wanted' has ", wanted.size(), " values, expected one for each of ",
         size(), " pictures");
  }
  PictureSet kept;
  for (size_t i = 0; i < size(); ++i) {
    if (wanted[i] == 0) continue;
    if (const size_t from = archive_of(i); from != npos) {
      const Archive& archive = archives_[from];
      if (kept.archives_.empty() || kept.archives_.back().path != archive.path) {
        kept.archives_.push_back({archive.path, archive.bytes, kept.size(), {}});
      }
      kept.archives_.back().members.push_back(static_cast<uint32_t>(member_of(i)));
    }
    kept.add(name(i), static_cast<Kind>(kinds_[i]));
  }
  *this = std::move(kept);
}

bool PictureSet::is_archive(const std::string& path) { return named_like_archive(path); }

std::string PictureSet::name(size_t i) const {
  const uint64_t begin = i == 0 ? 0 : ends_[i - 1];
  return names_.substr(begin, ends_[i] - begin);
}

uint64_t PictureSet::fingerprint() const {
  uint64_t hash = XXH3_64bits(names_.data(), names_.size());
  hash = XXH3_64bits_withSeed(ends_.data(), ends_.size() * sizeof(uint64_t), hash);
  hash = XXH3_64bits_withSeed(kinds_.data(), kinds_.size(), hash);
  for (const Archive& archive : archives_)
    hash = XXH3_64bits_withSeed(&archive.bytes, sizeof archive.bytes, hash);
  return hash;
}

size_t PictureSet::archive_of(size_t i) const noexcept {
  if (kinds_[i] != kMember) return npos;
  const auto after =
      std::upper_bound(archives_.begin(), archives_.end(), i,
                       [](size_t picture, const Archive& archive) { return picture < archive.first; });
  return static_cast<size_t>(after - archives_.begin()) - 1;
}

size_t PictureSet::member_of(size_t i) const noexcept {
  const Archive& archive = archives_[archive_of(i)];
  return archive.members[i - archive.first];
}

bool PictureReader::read_member(size_t i, std::vector<std::byte>& out) {
  const size_t archive = set_.archive_of(i);
  if (archive == PictureSet::npos) return false;
  if (archive != archive_) {
    reader_.reset();
    archive_ = archive;
    member_ = 0;
    reader_ = std::make_unique<ArchiveReader>(set_.archive_path(archive));
  }
  if (reader_ == nullptr) fail(ErrorCode::damaged, set_.archive_path(archive), ": could not be opened again");
  const size_t wanted = set_.member_of(i);
  std::string name;
  for (; member_ <= wanted; ++member_) {
    if (!reader_->next(name)) {
      fail(ErrorCode::damaged, set_.archive_path(archive),
           ": has fewer members than when it was looked through");
    }
  }
  if (set_.archive_path(archive) + "/" + name != set_.name(i)) {
    fail(ErrorCode::damaged, set_.name(i), ": the archive has changed since it was looked through");
  }
  out = reader_->read(kMaxPictureBytes, true);
  return true;
}

}  // namespace simdclip
