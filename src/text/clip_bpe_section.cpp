#include "text/clip_bpe_section.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "base/checked.h"
#include "base/fail.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

static_assert(std::endian::native == std::endian::little, "sections are little-endian and used in place");

constexpr uint32_t kMagic = 0x45504243U;  // "CBPE"
constexpr uint32_t kVersion = 1;
constexpr uint32_t kMaxVocab = 1U << 24, kMaxAddedBytes = 1U << 20;
constexpr uint32_t kNormalized = 1;

struct Header {
  uint32_t magic, version, vocab_size, merges, unk_id, added, added_bytes, reserved;
};
struct AddedEntry {
  uint32_t id, flags, offset, length;
};

void append(std::vector<std::byte>& out, const void* data, size_t size) {
  const auto* bytes = static_cast<const std::byte*>(data);
  out.insert(out.end(), bytes, bytes + size);
}

// Everything before the added tokens, in 4-byte words.
uint64_t table_words(const Header& h) {
  return sizeof(Header) / 4 + 512 + (uint64_t{h.vocab_size} + 1) + uint64_t{h.merges} * 3;
}

uint64_t section_bytes(const Header& h) {
  return round_up(table_words(h) * 4 + uint64_t{h.added} * sizeof(AddedEntry) + h.added_bytes, 4);
}

Header read_header(std::span<const std::byte> section, const std::string& where) {
  Header h{};
  if (section.size() < sizeof h) {
    fail(ErrorCode::damaged, where, ": the tokenizer section has ", section.size(),
         " bytes, expected at least ", sizeof h, "; convert the model again");
  }
  std::memcpy(&h, section.data(), sizeof h);
  if (h.magic != kMagic)
    fail(ErrorCode::damaged, where,
         ": the tokenizer section does not begin with CBPE; convert the model again");
  if (h.version != kVersion) {
    fail(ErrorCode::unsupported, where, ": tokenizer section of version ", h.version, ", this program knows ",
         kVersion, "; use a newer simdclip");
  }
  if (h.vocab_size == 0 || h.vocab_size > kMaxVocab || h.merges > kMaxVocab || h.added > h.vocab_size ||
      h.added_bytes > kMaxAddedBytes || h.reserved != 0) {
    fail(ErrorCode::damaged, where, ": impossible sizes in the tokenizer section (vocabulary ", h.vocab_size,
         ", merges ", h.merges, ", added tokens ", h.added, ", their bytes ", h.added_bytes,
         "); convert the model again");
  }
  if (section.size() != section_bytes(h)) {
    fail(ErrorCode::damaged, where, ": the tokenizer section has ", section.size(), " bytes, expected ",
         section_bytes(h), "; convert the model again");
  }
  return h;
}

}  // namespace

std::array<uint8_t, 256> clip_byte_order() {
  std::array<uint8_t, 256> order{};
  size_t n = 0;
  const auto printable = [](unsigned b) {
    return (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
  };
  for (bool wanted : {true, false}) {
    for (unsigned b = 0; b < 256; ++b) {
      if (printable(b) == wanted) order[n++] = static_cast<uint8_t>(b);
    }
  }
  return order;
}

std::vector<std::byte> write_clip_bpe(const ClipBpe& bpe) {
  Header h{kMagic,
           kVersion,
           bpe.vocab_size,
           static_cast<uint32_t>(bpe.merges.size()),
           bpe.unk_id,
           static_cast<uint32_t>(bpe.added.size()),
           0,
           0};
  for (const AddedToken& token : bpe.added) h.added_bytes += static_cast<uint32_t>(token.content.size());

  std::vector<uint32_t> order(bpe.merges.size()),
      row_start(size_t{bpe.vocab_size} + 1);  // merges by (left, right)
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const ClipMerge &x = bpe.merges[a], &y = bpe.merges[b];
    return x.left != y.left ? x.left < y.left : x.right < y.right;
  });
  for (const ClipMerge& merge : bpe.merges) ++row_start[size_t{merge.left} + 1];
  std::partial_sum(row_start.begin(), row_start.end(), row_start.begin());

  std::vector<std::byte> out;
  out.reserve(section_bytes(h));
  const auto put = [&](uint32_t word) { append(out, &word, sizeof word); };
  append(out, &h, sizeof h);
  append(out, bpe.byte_ids.data(), sizeof bpe.byte_ids);
  append(out, row_start.data(), row_start.size() * sizeof(uint32_t));
  for (uint32_t i : order) put(bpe.merges[i].right);
  for (uint32_t i : order) put(i);
  for (uint32_t i : order) put(bpe.merges[i].result);
  uint32_t offset = 0;
  for (const AddedToken& token : bpe.added) {
    const auto length = static_cast<uint32_t>(token.content.size());
    const AddedEntry entry{token.id, token.normalized ? kNormalized : 0U, offset, length};
    append(out, &entry, sizeof entry);
    offset += length;
  }
  for (const AddedToken& token : bpe.added) append(out, token.content.data(), token.content.size());
  out.resize(section_bytes(h));
  return out;
}

ClipBpeTable::ClipBpeTable(std::span<const std::byte> section, const std::string& where) {
  const Header h = read_header(section, where);
  vocab_size_ = h.vocab_size;
  const auto* words = reinterpret_cast<const uint32_t*>(section.data());
  if (reinterpret_cast<uintptr_t>(section.data()) % alignof(uint32_t) != 0) {
    copy_.resize(section.size() / 4);
    std::memcpy(copy_.data(), section.data(), section.size());
    words = copy_.data();
  }
  words += sizeof(Header) / 4;
  if (h.unk_id != kNoToken && h.unk_id >= h.vocab_size) {
    fail(ErrorCode::damaged, where, ": the tokenizer's unknown token ", h.unk_id,
         " is outside its vocabulary of ", h.vocab_size);
  }
  for (uint32_t& id : byte_ids_) {
    id = *words == kNoToken ? h.unk_id : *words;
    if (id >= h.vocab_size) {
      fail(ErrorCode::damaged, where, ": the tokenizer's id ", id, " of a byte is outside its vocabulary of ",
           h.vocab_size);
    }
    ++words;
  }
  merges_.row_start = {words, size_t{h.vocab_size} + 1};
  words += merges_.row_start.size();
  for (auto* column : {&merges_.right, &merges_.rank, &merges_.result}) {
    *column = {words, h.merges};
    words += h.merges;
  }
  check_merges(where);
  read_added(section.subspan(table_words(h) * 4), h.added, where);
}

// One pass, so that nothing read later can be out of range, and so that there is one way to write a table.
void ClipBpeTable::check_merges(const std::string& where) const {
  const auto& [row_start, right, rank, result] = merges_;
  const size_t n = right.size();
  bool good =
      row_start.front() == 0 && row_start.back() == n && std::is_sorted(row_start.begin(), row_start.end());
  for (size_t left = 0; good && left < vocab_size_; ++left) {
    for (size_t i = row_start[left]; i < row_start[left + 1]; ++i) {
      good = good && right[i] < vocab_size_ && result[i] < vocab_size_ &&
             (i == row_start[left] || right[i - 1] < right[i]);
    }
  }
  std::vector<bool> seen(n);
  for (size_t i = 0; good && i < n; ++i) {
    good = rank[i] < n && !seen[rank[i]];
    if (good) seen[rank[i]] = true;
  }
  if (!good)
    fail(ErrorCode::damaged, where, ": the tokenizer's merge table is damaged; convert the model again");
}

void ClipBpeTable::read_added(std::span<const std::byte> bytes, uint32_t count, const std::string& where) {
  std::vector<AddedEntry> entries(count);
  std::copy_n(bytes.begin(), count * sizeof(AddedEntry), std::as_writable_bytes(std::span(entries)).begin());
  const auto text = bytes.subspan(count * sizeof(AddedEntry));
  uint64_t end = 0;
  for (const AddedEntry& entry : entries) {
    const bool inside =
        entry.offset == end && entry.length > 0 && uint64_t{entry.offset} + entry.length <= text.size();
    if (!inside || entry.id >= vocab_size_ || entry.flags > kNormalized) {
      fail(ErrorCode::damaged, where, ": the tokenizer's added token of id ", entry.id,
           " is damaged; convert the model again");
    }
    end += entry.length;
    const std::string content(reinterpret_cast<const char*>(text.data()) + entry.offset, entry.length);
    if (!is_utf8(content)) {
      fail(ErrorCode::damaged, where, ": the tokenizer's added token of id ", entry.id,
           " is not UTF-8; convert the model again");
    }
    added_.push_back({content, entry.id, entry.flags == kNormalized});
  }
  const auto padding = text.subspan(end);
  if (padding.size() >= 4 ||
      std::any_of(padding.begin(), padding.end(), [](std::byte b) { return b != std::byte{0}; })) {
    fail(ErrorCode::damaged, where,
         ": bytes left over at the end of the tokenizer section; convert the model again");
  }
}

}  // namespace simdclip
