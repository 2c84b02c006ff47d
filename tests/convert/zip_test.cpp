#include "convert/builders.h"
#include "convert/zip_archive.h"
#include "support/errors.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {
namespace {

constexpr ErrorCode kDamaged = ErrorCode::damaged, kTooLarge = ErrorCode::too_large,
                    kUnsupported = ErrorCode::unsupported;

std::string ends(const ZipParts& p, const std::string& end) { return p.body + p.directory + end; }

std::vector<BadFile> directories() {
  const ZipParts p = zip_parts({{.name = "a", .content = "hello"}, {.name = "b", .content = "world"}});
  const std::string good = zip({{.name = "a", .content = "hello"}});
  const auto at = [&](uint64_t entries, uint64_t size, uint64_t offset) {
    return ends(p, zip_end(entries, size, offset));
  };
  std::string other_disk = good;
  other_disk[other_disk.size() - 18] = 1;
  std::string bad_central = good;
  bad_central[bad_central.find("PK\x01\x02")] = 'X';
  const std::string locator = "PK\x06\x07" + little(0, 4) + little(1ULL << 40, 8) + little(1, 4);
  return {
      {"no end record", p.body + p.directory, kDamaged, "no end record"},
      {"half an end record", good.substr(0, good.size() - 4), kDamaged, "no end record"},
      {"only PK", "PK\x03\x04", kDamaged, "too few"},
      {"wrong comment size", good + "x", kDamaged, "no end record"},
      {"several disks", other_disk, kDamaged, "disks"},
      {"directory beyond the file", at(2, p.directory.size(), p.body.size() + 1), kDamaged,
       "central directory"},
      {"directory at 4 GB", at(2, p.directory.size(), 0xFFFFFFFE), kDamaged, "central directory"},
      {"directory of 4 GB", at(2, 0xFFFFFFFE, 0), kDamaged, "central directory"},
      {"more entries than bytes", at(60'000, p.directory.size(), p.body.size()), kDamaged, "60000 entries"},
      {"one entry too few", at(1, p.directory.size(), p.body.size()), kDamaged, "after its last entry"},
      {"one entry too many", at(3, p.directory.size() + 1, p.body.size() - 1), kDamaged, "directory"},
      {"directory in the middle", at(2, p.directory.size(), p.body.size() - 1), kDamaged, "directory"},
      {"damaged entry", bad_central, kDamaged, "entry 0"},
      {"zip64 locator missing", at(0xFFFF, p.directory.size(), p.body.size()), kDamaged, "zip64"},
      {"zip64 locator into nowhere", p.body + p.directory + locator + zip_end(0xFFFF, 1, 1), kDamaged,
       "zip64"},
      {"zip64 locator without need",
       p.body + p.directory + locator + zip_end(2, p.directory.size(), p.body.size()), kDamaged, "zip64"},
  };
}

std::vector<BadFile> entries() {
  return {
      {"two of one name", zip({{.name = "a", .content = "1"}, {.name = "a", .content = "2"}}), kDamaged,
       "'a'"},
      {"absolute name", zip({{.name = "/etc/passwd", .content = "x"}}), kDamaged, "/etc/passwd"},
      {"name that climbs", zip({{.name = "a/../../b", .content = "x"}}), kDamaged, "not allowed"},
      {"name with backslash", zip({{.name = "a\\b", .content = "x"}}), kDamaged, "not allowed"},
      {"name with NUL", zip({{.name = std::string("a\0b", 3), .content = "x"}}), kDamaged, "not allowed"},
      {"empty name", zip({{.name = "", .content = "x", .local_name = ""}}), kDamaged, "not allowed"},
      {"other local name", zip({{.name = "a", .content = "x", .local_name = "b"}}), kDamaged, "another name"},
      {"encrypted", zip({{.name = "a", .content = "x", .flags = 1}}), kUnsupported, "encrypted"},
      {"strongly encrypted", zip({{.name = "a", .content = "x", .flags = 0x41}}), kUnsupported, "encrypted"},
      {"bzip2", zip({{.name = "a", .content = "x", .method = 12}}), kUnsupported, "method 12"},
      {"zstandard", zip({{.name = "a", .content = "x", .method = 93}}), kUnsupported, "method 93"},
      {"stored with two sizes", zip({{.name = "a", .content = "hello", .size = 6}}), kDamaged, "claims 6"},
      {"stored larger than the file",
       zip({{.name = "a", .content = "hello", .size = 5000, .compressed = 5000}}), kDamaged, "5000"},
      {"compressed larger than the file",
       zip({{.name = "a", .content = "hello", .deflate = true, .compressed = 100'000}}), kDamaged, "100000"},
      {"bomb of 4 GB", zip({{.name = "a", .content = "hello", .deflate = true, .size = 0xFFFFFFFE}}),
       kTooLarge, "bomb"},
      {"bomb in zip64",
       zip({{.name = "a",
             .content = "x",
             .deflate = true,
             .size = 0xFFFFFFFF,
             .extra = little(1, 2) + little(8, 2) + little(~0ULL, 8)}}),
       kTooLarge, "bomb"},
      {"zip64 field missing",
       zip({{.name = "a", .content = "x", .size = 0xFFFFFFFF, .compressed = 0xFFFFFFFF}}), kDamaged, "zip64"},
      {"zip64 field short",
       zip({{.name = "a",
             .content = "x",
             .size = 0xFFFFFFFF,
             .compressed = 0xFFFFFFFF,
             .extra = little(1, 2) + little(8, 2) + little(1, 8)}}),
       kDamaged, "too short"},
      {"zip64 field runs out",
       zip({{.name = "a",
             .content = "x",
             .size = 0xFFFFFFFF,
             .extra = little(1, 2) + little(500, 2) + little(1, 8)}}),
       kDamaged, "zip64"},
      {"header in nowhere", zip({{.name = "a", .content = "x", .offset = 0x7FFFFFFF}}), kDamaged, "header"},
      {"header in the data", zip({{.name = "a", .content = "x", .offset = 3}}), kDamaged, "header"},
      {"two entries at one place",
       zip({{.name = "a", .content = "x"}, {.name = "b", .content = "y", .offset = 0}}), kDamaged,
       "another name"},
      {"entry over the next",
       zip({{.name = "a", .content = "x", .size = 40, .compressed = 40},
            {.name = "b", .content = std::string(60, 'y')}}),
       kDamaged, "overlaps"},
      {"entry over the directory", zip({{.name = "a", .content = "x", .size = 30, .compressed = 30}}),
       kDamaged, "overlaps"},
  };
}

class BadZip : public testing::TestWithParam<BadFile> {};
INSTANTIATE_TEST_SUITE_P(Directories, BadZip, testing::ValuesIn(directories()), case_name);
INSTANTIATE_TEST_SUITE_P(Entries, BadZip, testing::ValuesIn(entries()), case_name);

TEST_P(BadZip, IsRefusedByNameAndPart) {
  const TemporaryFolder folder;
  write_text(folder.file("bad.pt"), GetParam().bytes);
  expect_error(GetParam().code, [&] { ZipArchive::open(folder.file("bad.pt")); },
               {"bad.pt", GetParam().part.c_str()});
}

std::string extracted(const std::string& bytes, uint64_t limit = 1 << 20) {
  const TemporaryFolder folder;
  write_text(folder.file("x.zip"), bytes);
  const auto archive = ZipArchive::open(folder.file("x.zip"));
  const auto content = archive.extract(*archive.find("a"), limit);
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

TEST(Zip, ExtractsStoredAndDeflated) {
  const std::string text(100'000, 'z');
  EXPECT_EQ(extracted(zip({{.name = "a", .content = "hello"}})), "hello");
  EXPECT_EQ(extracted(zip({{.name = "a", .content = text, .deflate = true}, {.name = "b", .content = "1"}})),
            text);
  EXPECT_EQ(extracted(zip({{.name = "a", .content = "", .deflate = true}})), "");
  const ZipParts p = zip_parts({{.name = "a", .content = "hello"}});
  EXPECT_EQ(extracted(p.body + p.directory + zip_end(1, p.directory.size(), p.body.size(), "a comment")),
            "hello");
}

TEST(Zip, ReadsZip64) {
  const ZipParts p =
      zip_parts({{.name = "a",
                  .content = "hello",
                  .size = 0xFFFFFFFF,
                  .compressed = 0xFFFFFFFF,
                  .offset = 0xFFFFFFFF,
                  .extra = little(1, 2) + little(24, 2) + little(5, 8) + little(5, 8) + little(0, 8)}});
  const uint64_t directory = p.body.size(), record = directory + p.directory.size();
  const std::string end64 = "PK\x06\x06" + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 4) +
                            little(0, 4) + little(1, 8) + little(1, 8) + little(p.directory.size(), 8) +
                            little(directory, 8);
  const std::string locator = "PK\x06\x07" + little(0, 4) + little(record, 8) + little(1, 4);
  EXPECT_EQ(extracted(p.body + p.directory + end64 + locator + zip_end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)),
            "hello");
}

TEST(Zip, RefusesContentThatContradictsItsHeader) {
  const std::string text(5000, 'z');
  expect_error(kDamaged, [&] { extracted(zip({{.name = "a", .content = "hello", .crc = 1}})); },
               {"checksum", "'a'"});
  expect_error(kDamaged, [&] { extracted(zip({{.name = "a", .content = text, .deflate = true, .crc = 1}})); },
               {"checksum"});
  expect_error(kDamaged,
               [&] { extracted(zip({{.name = "a", .content = text, .deflate = true, .size = 4999}})); },
               {"does not inflate"});
  expect_error(kDamaged,
               [&] { extracted(zip({{.name = "a", .content = text, .deflate = true, .size = 5001}})); },
               {"does not inflate"});
  expect_error(kDamaged,
               [&] { extracted(zip({{.name = "a", .content = text, .deflate = true, .size = 0}})); },
               {"does not inflate"});
  expect_error(kDamaged,
               [&] { extracted(zip({{.name = "a", .content = "not deflate at all", .method = 8}})); },
               {"does not inflate"});
  expect_error(kDamaged, [&] { extracted(zip({{.name = "a", .content = "", .method = 8}})); },
               {"does not inflate"});
  expect_error(kTooLarge, [&] { extracted(zip({{.name = "a", .content = text, .deflate = true}}), 4999); },
               {"at most 4999"});
}

TEST(Zip, AChecksumOfZeroWasNotComputed) {
  EXPECT_EQ(extracted(zip({{.name = "a", .content = "hello", .crc = 0}})), "hello");
}

TEST(Zip, SurvivesEveryCutAndEveryFlippedBit) {
  const TemporaryFolder folder;
  const std::string path = folder.file("cut.zip");
  const std::string good = zip(
      {{.name = "a", .content = "hello"}, {.name = "b", .content = std::string(300, 'q'), .deflate = true}});
  expect_cuts_and_flips_survived(path, good, [&] {
    const auto archive = ZipArchive::open(path);
    for (const ZipEntry& entry : archive.entries()) archive.extract(entry, 1 << 20);
  });
}

}  // namespace
}  // namespace simdclip::tests
