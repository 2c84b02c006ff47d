// Handcrafted hostile files, all of them with right checksums unless the checksum is the case: each must be
// refused with a stable code within a second.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "format/crafted_file.h"
#include "support/errors.h"
#include "support/temporary_folder.h"

namespace simdclip {
namespace {

using namespace tests;  // NOLINT: offsets of the format's fields

size_t cases = 0;  // refused by the test that runs

void expect_refused(const CraftedFile& file, ErrorCode code, const std::string& what,
                    std::initializer_list<const char*> parts = {}) {
  SCOPED_TRACE(what);
  ++cases;
  const std::string message = expect_error(
      code, [&file] { file.open(); }, parts);
  EXPECT_EQ(message.find("crafted.sclip"), 0U) << message;
}

std::vector<uint64_t> hostile_values(uint64_t right, unsigned bits) {
  const uint64_t max = bits == 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
  std::vector<uint64_t> values = {0,         1,         max,       max - 1,    max / 2,   max / 2 + 1,
                                  right + 1, right - 1, right * 2, right + 64, right - 64};
  for (uint64_t& value : values) value &= max;
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  std::erase(values, right);
  return values;
}

TEST(HostileFile, TheGoodFileOpens) {
  const CraftedFile& good = CraftedFile::good();
  const ModelFile model = good.open();
  model.verify();
  EXPECT_EQ(model.specs().size(), good.tensors());
  CraftedFile sealed = good;
  sealed.seal();
  EXPECT_EQ(sealed.bytes(), good.bytes());  // this file's reading of the format agrees with the writer's
}

TEST(HostileFile, EveryHeaderFieldSpoiled) {
  cases = 0;
  struct Field {
    const char* name;
    size_t offset;
  };
  const Field fields[] = {
      {"file size", kFileSize},
      {"config offset", kConfig + kOffset},
      {"config size", kConfig + kSize},
      {"config checksum", kConfig + kChecksum},
      {"table offset", kTable + kOffset},
      {"table size", kTable + kSize},
      {"table checksum", kTable + kChecksum},
      {"tokenizer offset", kTokenizer + kOffset},
      {"tokenizer size", kTokenizer + kSize},
      {"tokenizer checksum", kTokenizer + kChecksum},
      {"data offset", kDataOffset},
      {"tensor count", kTensorCount},
      {"reserved", kReserved},
  };
  for (const Field& field : fields) {
    for (const uint64_t value : hostile_values(CraftedFile::good().get<uint64_t>(field.offset), 64)) {
      CraftedFile file = CraftedFile::good();
      file.set<uint64_t>(field.offset, value);
      file.seal_header();
      const uint64_t limit = field.offset == kConfig + kSize      ? 1U << 20U
                             : field.offset == kTokenizer + kSize ? 1U << 28U
                                                                  : UINT64_MAX;
      expect_refused(file, value > limit ? ErrorCode::too_large : ErrorCode::damaged,
                     std::string(field.name) + " = " + std::to_string(value));
    }
  }
  for (const uint64_t value : hostile_values(1, 32)) {
    CraftedFile file = CraftedFile::good();
    file.set<uint32_t>(kVersion, static_cast<uint32_t>(value));
    file.seal_header();
    expect_refused(file, ErrorCode::unsupported, "version " + std::to_string(value),
                   {"format version", "this build reads version 1"});
  }
  for (const uint64_t value : hostile_values(kHeaderEnd, 32)) {
    CraftedFile file = CraftedFile::good();
    file.set<uint32_t>(kHeaderSize, static_cast<uint32_t>(value));
    file.seal_header();
    expect_refused(file, ErrorCode::damaged, "header size " + std::to_string(value), {"header size"});
  }
  EXPECT_GE(cases, 120U);
  RecordProperty("cases", static_cast<int>(cases));
}

TEST(HostileFile, EveryTableFieldSpoiled) {
  cases = 0;
  struct Field {
    const char* name;
    size_t offset;
    unsigned bits;
    ErrorCode code;
  };
  const Field fields[] = {
      {"name size", kRowNameSize, 16, ErrorCode::shape_mismatch},
      {"storage", kRowStorage, 8, ErrorCode::shape_mismatch},
      {"rank", kRowRank, 8, ErrorCode::shape_mismatch},
      {"zero", kRowZero, 32, ErrorCode::damaged},
      {"offset", kRowOffset, 64, ErrorCode::damaged},
      {"size", kRowSize, 64, ErrorCode::damaged},
      {"first extent", kRowShape, 64, ErrorCode::shape_mismatch},
  };
  const CraftedFile& good = CraftedFile::good();
  for (const size_t index : {size_t{0}, size_t{1}, good.tensors() / 2, good.tensors() - 1}) {
    for (const Field& field : fields) {
      const size_t at = good.row(index) + field.offset;
      uint64_t right = 0;
      std::memcpy(&right, good.bytes().data() + at, field.bits / 8);
      for (const uint64_t value : hostile_values(right, field.bits)) {
        CraftedFile file = good;
        std::memcpy(file.bytes().data() + at, &value, field.bits / 8);
        file.seal();
        expect_refused(
            file, field.code,
            std::string(field.name) + " of tensor " + std::to_string(index) + " = " + std::to_string(value));
      }
    }
  }
  EXPECT_GE(cases, 120U);
  RecordProperty("cases", static_cast<int>(cases));
}

TEST(HostileFile, TensorsDuplicatedSwappedOverlappingOrApart) {
  const CraftedFile& good = CraftedFile::good();
  const auto copy_row = [&good](CraftedFile& file, size_t from, size_t to) {
    std::copy_n(good.bytes().begin() + static_cast<ptrdiff_t>(good.row(from)), good.row_bytes(from),
                file.bytes().begin() + static_cast<ptrdiff_t>(good.row(to)));
  };
  // Two neighbours with rows of one size: the norm's weight and bias have names of other lengths, so look for
  // a pair.
  size_t same = 0;
  while (good.row_bytes(same) != good.row_bytes(same + 1)) ++same;
  CraftedFile file = good;
  copy_row(file, same, same + 1);
  file.seal();
  expect_refused(file, ErrorCode::shape_mismatch, "a tensor twice");

  file = good;
  copy_row(file, same, same + 1);
  copy_row(file, same + 1, same);
  file.seal();
  expect_refused(file, ErrorCode::shape_mismatch, "two tensors swapped");

  for (const int64_t shift : {-4096, -64, -4, -1, 1, 4, 64, 4096}) {
    file = good;
    const size_t at = file.row(2) + kRowOffset;
    file.set<uint64_t>(at, file.get<uint64_t>(at) + static_cast<uint64_t>(shift));
    file.seal();
    expect_refused(file, ErrorCode::damaged, "overlap or gap " + std::to_string(shift), {"expected"});
  }

  file = good;
  file.set<uint64_t>(file.row(2) + kRowOffset, file.get<uint64_t>(file.row(0) + kRowOffset));
  file.seal();
  expect_refused(file, ErrorCode::damaged, "two tensors at one place");

  file = good;  // every letter of a name
  for (size_t i = 0; i < good.get<uint16_t>(good.row(3)); ++i) {
    const size_t at = good.row(3) + kRowShape + 8 * size_t{good.get<uint8_t>(good.row(3) + kRowRank)} + i;
    for (const uint8_t letter : {0x00, 0x20, 0x2f, 0xff}) {
      file = good;
      if (file.get<uint8_t>(at) == letter) continue;
      file.set<uint8_t>(at, letter);
      file.seal();
      expect_refused(file, ErrorCode::shape_mismatch, "letter " + std::to_string(i), {"another name"});
    }
  }
}

TEST(HostileFile, PaddingBetweenSectionsMustBeZero) {
  const CraftedFile& good = CraftedFile::good();
  for (const size_t section : {kConfig, kTable, kTokenizer}) {
    const size_t end = good.get<uint64_t>(section + kOffset) + good.get<uint64_t>(section + kSize);
    const size_t next =
        section == kTokenizer ? good.get<uint64_t>(kDataOffset) : good.get<uint64_t>(section + 24 + kOffset);
    if (end == next) continue;
    for (const size_t at : {end, next - 1}) {
      CraftedFile file = good;
      file.set<uint8_t>(at, 1);
      expect_refused(file, ErrorCode::damaged, "padding at " + std::to_string(at), {"padding byte at"});
    }
  }
}

TEST(HostileFile, TruncatedOrLonger) {
  const CraftedFile& good = CraftedFile::good();
  const auto cut = [&good](size_t size) {
    CraftedFile file = good;
    file.bytes().resize(size);
    return file;
  };
  // Every byte of the header, table and tokenizer: the header's file size does not agree.
  for (size_t size = 0; size < good.get<uint64_t>(kDataOffset) + 2; ++size) {
    expect_refused(cut(size), size == 0 ? ErrorCode::unsupported : ErrorCode::damaged,
                   "cut at " + std::to_string(size));
  }
  for (size_t i = 0; i < good.tensors(); ++i) {
    const size_t begin = good.get<uint64_t>(good.row(i) + kRowOffset),
                 end = begin + good.get<uint64_t>(good.row(i) + kRowSize);
    for (const size_t edge : {begin, end}) {
      for (const size_t size : {edge - 1, edge, edge + 1}) {
        if (size == good.size()) continue;
        expect_refused(cut(size), ErrorCode::damaged, "cut at " + std::to_string(size),
                       {size < good.size() ? "truncated" : "appended"});
        // The same with a header that agrees with the shorter file.
        CraftedFile file = cut(size);
        file.set<uint64_t>(kFileSize, size);
        file.seal();
        expect_refused(file, ErrorCode::damaged, "cut at " + std::to_string(size) + " and sealed",
                       {"file size is", "demands"});
      }
    }
  }
  for (const size_t more : {1, 63, 64, 4096, 100'000}) {
    expect_refused(cut(good.size() + more), ErrorCode::damaged, "longer by " + std::to_string(more),
                   {"appended"});
    CraftedFile file = cut(good.size() + more);
    file.set<uint64_t>(kFileSize, file.size());
    file.seal();
    expect_refused(file, ErrorCode::damaged, "longer and sealed", {"file size is"});
  }
}

TEST(HostileFile, ChecksumsThatAreZeroAreWrong) {
  for (const size_t at : {kConfig + kChecksum, kTable + kChecksum, kTokenizer + kChecksum}) {
    CraftedFile file = CraftedFile::good();
    file.set<uint64_t>(at, 0);
    file.seal_header();
    expect_refused(file, ErrorCode::damaged, "section checksum 0", {"checksum is wrong"});
  }
  CraftedFile file = CraftedFile::good();
  file.set<uint64_t>(kHeaderChecksum, 0);
  expect_refused(file, ErrorCode::damaged, "header checksum 0", {"header's checksum is wrong"});
}

TEST(HostileFile, OtherKindsOfFileAreNamed) {
  struct Case {
    std::string begin;
    const char* said;
  };
  const Case others[] = {
      {"PK\x03\x04", "PyTorch"},
      {std::string("\x10\0\0\0\0\0\0\0{\"__metadata__\"", 22), "safetensors"},
      {"\x80\x02}q", "pickle"},
      {"GGUF\x03", "GGUF"},
      {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
      {"\x89PNG\r\n\x1a\n", "something else"},
      {"SCLIP", "something else"},
      {std::string("\x89SCLIP\n\n", 8), "something else"},  // as a transfer in text mode leaves it
      {std::string(7, '\0'), "something else"},
  };
  for (const Case& other : others) {
    for (const size_t size : {other.begin.size(), size_t{5000}}) {
      CraftedFile file({});
      for (const char c : other.begin) file.bytes().push_back(static_cast<std::byte>(c));
      file.bytes().resize(size);
      expect_refused(file, ErrorCode::unsupported, other.said, {"is no .sclip model", other.said});
    }
  }
}

// Configurations that ask for products beyond 64 bits, or for memory without bound: refused before anything
// is computed from them.
TEST(HostileFile, ConfigsInsideAFile) {
  const CraftedFile& good = CraftedFile::good();
  const std::string json(reinterpret_cast<const char*>(good.bytes().data()) + good.config_offset(),
                         good.get<uint64_t>(kConfig + kSize));
  const auto replaced = [&json](const std::string& from, const std::string& to) {
    std::string text = json;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  struct Case {
    std::string json;
    ErrorCode code;
  };
  const Case all[] = {
      {replaced("\"width\": 36", "\"width\": 4294967295"), ErrorCode::damaged},
      {replaced("\"width\": 36", "\"width\": 18446744073709551615"), ErrorCode::damaged},
      {replaced("\"width\": 36", "\"width\": 18446744073709551616"), ErrorCode::damaged},
      {replaced("\"width\": 36", "\"width\": 1048577"), ErrorCode::damaged},
      {replaced("\"width\": 36", "\"width\": 1048572"),
       ErrorCode::damaged},  // fits, but the file is not that large
      {replaced("\"width\": 36", "\"width\": 39"), ErrorCode::damaged},
      {replaced("\"layers\": 1", "\"layers\": 1024"), ErrorCode::damaged},
      {replaced("\"layers\": 1", "\"layers\": 4294967295"), ErrorCode::damaged},
      {replaced("\"vocab_size\": 70", "\"vocab_size\": 1048576"), ErrorCode::damaged},
      {replaced("\"image_height\": 32", "\"image_height\": 4294967295"), ErrorCode::damaged},
      {replaced("\"embed_dim\": 20", "\"embed_dim\": 4294967295"), ErrorCode::damaged},
      {replaced("\"embed_dim\": 20", "\"embed_dim\": 21"), ErrorCode::damaged},
      {replaced("\"precision\": \"f32\"", "\"precision\": \"bf16\""), ErrorCode::damaged},
      {replaced("\"precision\": \"f32\"", "\"precision\": \"int4\""), ErrorCode::unsupported},
      {"", ErrorCode::damaged},
      {std::string(1 << 20, ' '), ErrorCode::damaged},
      {std::string((1 << 20) + 1, ' '), ErrorCode::too_large},
      {std::string(1 << 20, '['), ErrorCode::damaged},
      {"{\"a\":" + std::string(1 << 19, '[') + std::string(1 << 19, ']') + "}", ErrorCode::too_large},
  };
  for (const Case& c : all) expect_refused(CraftedFile::with_config(c.json), c.code, c.json.substr(0, 100));
}

// Blocks of random bytes over every part, sealed: whatever is said there, an error or a model, never a crash.
TEST(HostileFile, RandomDamageNeverCrashes) {
  std::mt19937_64 random(11);
  const CraftedFile& good = CraftedFile::good();
  const size_t data = good.get<uint64_t>(kDataOffset);
  size_t opened = 0;
  for (int i = 0; i < 3000; ++i) {
    CraftedFile file = good;
    const size_t at = kVersion + random() % (data - kVersion), length = 1 + random() % 16;
    for (size_t k = at; k < std::min(at + length, data); ++k)
      file.set<uint8_t>(k, static_cast<uint8_t>(random()));
    if (file.config_offset() + file.get<uint64_t>(kConfig + kSize) <= data && at >= kHeaderEnd) file.seal();
    if (at < kHeaderEnd) file.seal_header();
    try {
      file.open().verify();
      ++opened;
    } catch (const Error&) {
    }
  }
  EXPECT_LT(opened, 300U);  // a digit of a float in the config may change without contradiction
}

// The same through real files: what open() reports about the path.
TEST(HostileFile, RealFilesAndPaths) {
  const TemporaryFolder folder;
  const auto write = [&folder](const std::string& name, const std::vector<std::byte>& bytes) {
    write_text(folder.file(name), std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    return folder.file(name);
  };
  const CraftedFile& good = CraftedFile::good();
  ModelFile::open(write("good.sclip", good.bytes())).verify();
  const auto open = [](const std::string& path) { return [path] { ModelFile::open(path); }; };
  expect_error(ErrorCode::not_found, open(folder.file("none.sclip")), {"none.sclip"});
  expect_error(ErrorCode::io, open(folder.path().string()), {"is a folder"});
  expect_error(ErrorCode::unsupported, open(write("empty.sclip", {})), {"an empty file"});
  auto bytes = good.bytes();
  bytes.pop_back();
  expect_error(ErrorCode::damaged, open(write("short.sclip", bytes)),
               {"short.sclip", "truncated", "convert it again"});
  std::filesystem::resize_file(folder.file("good.sclip"), 1ULL << 40U);  // sparse
  expect_error(ErrorCode::damaged, open(folder.file("good.sclip")), {"appended"});
}

TEST(HostileFile, MemoryMustBeAligned) {
  AlignedBuffer<std::byte> buffer(CraftedFile::good().size() + 64);
  std::copy(CraftedFile::good().bytes().begin(), CraftedFile::good().bytes().end(), buffer.data() + 4);
  expect_error(ErrorCode::invalid_argument,
               [&] { ModelFile::open_memory(buffer.span().subspan(4, CraftedFile::good().size()), "m"); },
               {"aligned to 64"});
}

}  // namespace
}  // namespace simdclip
