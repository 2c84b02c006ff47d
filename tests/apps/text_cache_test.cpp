// Rows kept on disk: found again, never trusted when they are damaged, never in the way.
#include "apps/text_cache.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "apps/fixture_model.h"

namespace simdclip::tests {
namespace {

CachedRows rows_of(const std::string& folder, size_t& computed, RowType type = RowType::f32,
                   const std::string& part = "a") {
  RowKey key("test", fixture_model());
  key.add(part);
  return CachedRows::get({.enabled = true, .folder = folder}, key, type, 3, 5, [&](std::span<float> out) {
    ++computed;
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(i) / 4.0F;
  });
}

TEST(TextCache, ComputedOnceThenMapped) {
  const TemporaryFolder folder;
  size_t computed = 0;
  const CachedRows first = rows_of(folder.file("deep/er"), computed);
  EXPECT_FALSE(first.from_disk());
  const CachedRows second = rows_of(folder.file("deep/er"), computed);
  EXPECT_TRUE(second.from_disk());
  EXPECT_EQ(computed, 1U);
  EXPECT_EQ(std::vector<float>(first.f32().begin(), first.f32().end()),
            std::vector<float>(second.f32().begin(), second.f32().end()));
  rows_of(folder.file("deep/er"), computed, RowType::f32, "b");
  EXPECT_EQ(computed, 2U) << "another key is another file";
}

TEST(TextCache, EveryDamagedByteIsNoticed) {
  const TemporaryFolder folder;
  size_t computed = 0;
  rows_of(folder.path().string(), computed);
  const std::string path = std::filesystem::directory_iterator(folder.path())->path().string();
  const std::string good = read_text(path);
  ASSERT_EQ(good.size(), 64 + 3 * 5 * sizeof(float));
  for (size_t i = 0; i < good.size(); ++i) {
    if ((i >= 36 && i < 40) || (i >= 48 && i < 64)) continue;  // reserved
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    write_text(path, bad);
    computed = 0;
    rows_of(folder.path().string(), computed);
    EXPECT_EQ(computed, 1U) << "byte " << i;
  }
  for (const size_t size : {size_t{0}, size_t{10}, size_t{64}, good.size() - 1}) {
    write_text(path, good.substr(0, size));
    computed = 0;
    rows_of(folder.path().string(), computed);
    EXPECT_EQ(computed, 1U) << size << " bytes";
  }
}

TEST(TextCache, AnUnwritableFolderIsNoError) {
  size_t computed = 0;
  EXPECT_EQ(rows_of("/proc/nowhere", computed).rows(), 3U);
  EXPECT_EQ(computed, 1U);
}

TEST(TextCache, Halves) {
  const TemporaryFolder folder;
  size_t computed = 0;
  rows_of(folder.path().string(), computed, RowType::f16);
  const CachedRows again = rows_of(folder.path().string(), computed, RowType::f16);
  EXPECT_TRUE(again.from_disk());
  EXPECT_EQ(again.row(1)[2], 7.0F / 4.0F);
}

}  // namespace
}  // namespace simdclip::tests
