// PictureSet and the pipeline: order, archives, bad pictures, files that change.
#include "apps/pictures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "support/errors.h"

namespace simdclip::tests {
namespace {

std::vector<float> alone(const std::string& bytes) {
  std::vector<float> pixels(3 * 32 * 32), row(tiny_model().embed_dim());
  tiny_model().preprocess_bytes(std::as_bytes(std::span(bytes)), pixels, {.apply_orientation = true});
  tiny_model().embed_pixels(pixels, row);
  return row;
}

struct Taken {
  std::vector<size_t> rows, bad;
  std::vector<std::vector<float>> values;
};
Taken embed(const PictureSet& set, size_t first = 0, size_t last = PictureSet::npos, unsigned threads = 0) {
  Taken out;
  EmbedFilesOptions options;
  options.decode_threads = threads;
  options.on_bad = [&](size_t i, const Error&) { out.bad.push_back(i); };
  embed_pictures(
      tiny_model(), set, first, last,
      [&](size_t i, std::span<const float> row) {
        out.rows.push_back(i);
        out.values.emplace_back(row.begin(), row.end());
      },
      options);
  return out;
}

TEST(Pipeline, EveryPictureInOrderWhateverTheThreads) {
  const TemporaryFolder folder;
  PictureSet set;
  for (unsigned i = 0; i < 75; ++i) {
    const std::string path = folder.file(std::to_string(i));
    if (i % 10 != 7) write_text(path, i % 10 == 3 ? "P6\n9 9\n255\nshort" : picture_bytes(i));
    set.add_file(path);
  }
  for (const unsigned threads : {1U, 2U, 7U}) {
    const Taken taken = embed(set, 0, PictureSet::npos, threads);
    ASSERT_EQ(taken.rows.size() + taken.bad.size(), 75U);
    EXPECT_EQ(taken.bad.size(), 15U);
    for (size_t i = 0; i < taken.rows.size(); ++i)
      EXPECT_EQ(taken.values[i], alone(picture_bytes(static_cast<unsigned>(taken.rows[i]))));
    EXPECT_TRUE(std::is_sorted(taken.rows.begin(), taken.rows.end()));
  }
  const Taken part = embed(set, 20, 41);
  EXPECT_EQ(part.rows.front(), 20U);
  EXPECT_EQ(part.rows.back(), 40U);
  EXPECT_THAT(embed(set, 75, 90).rows, testing::IsEmpty());
}

// A mapped picture would end the process (SIGBUS) where its end is cut off while it is decoded.
TEST(Pipeline, APictureThatShrinksMeanwhileIsAnErrorAtWorst) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.ppm"), whole = picture_bytes(1, 600);
  write_text(path, whole);
  std::atomic<bool> over{false};
  std::thread shrinking([&] {
    while (!over) {
      std::filesystem::resize_file(path, 4096);
      write_text(path, whole);
    }
  });
  size_t good = 0, bad = 0;
  std::vector<float> pixels(3 * 32 * 32);
  for (int i = 0; i < 600; ++i) {
    try {
      if (i % 3 == 0) {
        load_image(path);
      } else if (i % 3 == 1) {
        tiny_model().preprocess_file(path, pixels);
      } else {
        tiny_model().embed_image_file(path);
      }
      ++good;
    } catch (const Error& error) {
      EXPECT_THAT(std::string(to_string(error.code())), testing::AnyOf("damaged", "unsupported"))
          << error.what();
      ++bad;
    }
  }
  over = true;
  shrinking.join();
  EXPECT_EQ(good + bad, 600U);
}

TEST(Pipeline, AnExceptionOfTheCallerEndsItCleanly) {
  const TemporaryFolder folder;
  PictureSet set;
  for (unsigned i = 0; i < 100; ++i) {
    write_text(folder.file(std::to_string(i)), picture_bytes(i));
    set.add_file(folder.file(std::to_string(i)));
  }
  const auto stop = [](size_t i, std::span<const float>) {
    if (i == 20) throw std::runtime_error("enough");
  };
  EXPECT_THROW(embed_pictures(tiny_model(), set, 0, set.size(), stop), std::runtime_error);
}

// ustar, as webdataset writes it.
void append_tar(std::string& tar, const std::string& name, const std::string& bytes) {
  char header[512] = {};
  std::snprintf(header, 100, "%s", name.c_str());
  std::snprintf(header + 100, 8, "%07o", 0644);
  std::snprintf(header + 108, 8, "%07o", 0);
  std::snprintf(header + 116, 8, "%07o", 0);
  std::snprintf(header + 124, 12, "%011zo", bytes.size());
  std::snprintf(header + 136, 12, "%011o", 0);
  std::memset(header + 148, ' ', 8);
  header[156] = '0';
  std::memcpy(header + 257, "ustar\00000", 8);
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::snprintf(header + 148, 8, "%06o", sum);
  tar.append(header, 512);
  tar += bytes;
  tar.append((512 - bytes.size() % 512) % 512, '\0');
}

class Archives : public testing::Test {
 protected:
  Archives() {
    for (unsigned i = 0; i < 40; ++i) {
      char name[32];
      std::snprintf(name, sizeof name, "%06u", i);
      append_tar(tar_, std::string(name) + ".json", "{}");
      append_tar(tar_, std::string(name) + ".ppm", i == 5 ? "P6\n9 9\n255\nshort" : picture_bytes(i));
    }
    tar_.append(1024, '\0');
    write_text(folder_.file("shard.tar"), tar_);
    const SystemInfo system = system_info();
    for (const std::string& missing : system.missing)
      have_ = have_ && missing.find("libarchive") == std::string::npos;
  }
  TemporaryFolder folder_;
  std::string tar_;
  bool have_ = true;
};

TEST_F(Archives, MembersAreEmbeddedInOrder) {
  PictureSet set;
  if (!have_) {
    expect_error(ErrorCode::unsupported, [&] { set.add_archive(folder_.file("shard.tar")); }, {"libarchive"});
    return;
  }
  write_text(folder_.file("own.ppm"), picture_bytes(99));
  set.add_file(folder_.file("own.ppm"));
  EXPECT_EQ(set.add_archive(folder_.file("shard.tar")), 40U);
  ASSERT_EQ(set.size(), 41U);
  EXPECT_EQ(set.name(1), folder_.file("shard.tar") + "/000000.ppm");
  EXPECT_TRUE(set.named(0));
  EXPECT_FALSE(set.named(1));
  const Taken all = embed(set);
  EXPECT_THAT(all.bad, testing::ElementsAre(6));
  for (size_t i = 0; i < all.rows.size(); ++i) {
    EXPECT_EQ(all.values[i],
              alone(picture_bytes(all.rows[i] == 0 ? 99 : static_cast<unsigned>(all.rows[i] - 1))));
  }
  // From the middle, as a resumed run does.
  const Taken rest = embed(set, 20);
  EXPECT_EQ(rest.rows.front(), 20U);
  EXPECT_EQ(rest.values.front(), alone(picture_bytes(19)));
}

TEST_F(Archives, DamagedOnesAreErrors) {
  if (!have_) GTEST_SKIP() << "built without libarchive";
  write_text(folder_.file("cut.tar"), tar_.substr(0, tar_.size() / 2 + 100));
  PictureSet set;
  expect_error(ErrorCode::damaged, [&] { set.add_archive(folder_.file("cut.tar")); });
  write_text(folder_.file("none.tar"), std::string(10'000, 'x'));
  EXPECT_THROW(set.add_archive(folder_.file("none.tar")), Error);
  expect_error(ErrorCode::not_found, [&] { set.add_archive(folder_.file("missing.tar")); });
  // It becomes shorter after it was looked through.
  PictureSet shrunk;
  shrunk.add_archive(folder_.file("shard.tar"));
  write_text(folder_.file("shard.tar"), tar_.substr(0, tar_.size() / 4));
  const Taken taken = embed(shrunk);
  EXPECT_GT(taken.bad.size(), 20U);
  EXPECT_EQ(taken.rows.size() + taken.bad.size(), 40U);
}

TEST(PictureSets, FingerprintTellsListsApart) {
  PictureSet a, b, c;
  a.add_file("x");
  a.add_file("yz");
  b.add_file("xy");
  b.add_file("z");
  c.add_file("x");
  c.add_file("yz");
  EXPECT_NE(a.fingerprint(), b.fingerprint());
  EXPECT_EQ(a.fingerprint(), c.fingerprint());
}

}  // namespace
}  // namespace simdclip::tests
