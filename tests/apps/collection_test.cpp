// An index through the life of a folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "apps/pictures.h"
#include "support/errors.h"

namespace simdclip::tests {
namespace {

namespace fs = std::filesystem;

class CollectionTest : public testing::Test {
 protected:
  CollectionTest() { fs::create_directory(folder_.path() / "p"); }
  std::string pictures() const { return folder_.file("p"); }
  std::string index() const { return folder_.file("index"); }
  void put(const std::string& name, const std::string& bytes) const {
    const fs::path path = folder_.path() / "p" / name;
    fs::create_directories(path.parent_path());
    write_text(path.string(), bytes);
  }
  IndexReport update(const IndexOptions& options = {}) const {
    return update_collection(tiny_model(), pictures(), index(), options);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    const Collection collection = load_collection(index());
    for (const CollectionFile& file : collection.files) out.push_back(file.name);
    return out;
  }
  // Every file's row is that of its picture, and there is no row without a file.
  void expect_right_rows(RowType type = RowType::f16) const {
    const Collection c = load_collection(index());
    std::vector<char> used(c.vectors.size());
    for (const CollectionFile& file : c.files) {
      used.at(file.row) = 1;
      std::vector<float> pixels(3 * 32 * 32), row(tiny_model().embed_dim());
      tiny_model().preprocess_file(pictures() + "/" + file.name, pixels, {.apply_orientation = true});
      tiny_model().embed_pixels(pixels, row);
      std::vector<std::byte> want(row_bytes(type, row.size()));
      encode_row(row, type, want);
      EXPECT_THAT(c.vectors.encoded_row(file.row), testing::ElementsAreArray(want)) << file.name;
    }
    EXPECT_THAT(used, testing::Each(1));
  }

  TemporaryFolder folder_;
};

TEST_F(CollectionTest, FollowsTheFolder) {
  put("a.ppm", picture_bytes(1));
  put("deep/er/b.ppm", picture_bytes(2));
  put("notes.txt", "no picture");
  put("empty.jpg", "");
  IndexReport r = update();
  EXPECT_EQ(r.files, 4U);
  EXPECT_EQ(r.added, 2U);
  EXPECT_EQ(r.others, 2U);
  EXPECT_EQ(r.pictures, 2U);
  expect_right_rows();

  r = update();
  EXPECT_EQ(r.unchanged, 4U);
  EXPECT_EQ(r.added + r.changed + r.known + r.moved + r.removed, 0U);

  fs::rename(folder_.path() / "p/a.ppm", folder_.path() / "p/deep/moved.ppm");
  put("copy.ppm", picture_bytes(2));
  r = update();
  EXPECT_EQ(r.added, 0U);
  EXPECT_EQ(r.known, 2U);
  EXPECT_EQ(r.moved, 1U);
  EXPECT_EQ(r.removed, 0U);
  EXPECT_THAT(names(), testing::ElementsAre("copy.ppm", "deep/er/b.ppm", "deep/moved.ppm"));
  EXPECT_EQ(load_collection(index()).vectors.size(), 2U);
  expect_right_rows();

  put("copy.ppm", picture_bytes(33, 41));
  fs::remove(folder_.path() / "p/deep/moved.ppm");
  r = update();
  EXPECT_EQ(r.changed, 1U);
  EXPECT_EQ(r.removed, 1U);
  EXPECT_THAT(names(), testing::ElementsAre("copy.ppm", "deep/er/b.ppm"));
  expect_right_rows();
}

TEST_F(CollectionTest, KeepsEveryRowType) {
  put("a.ppm", picture_bytes(1));
  for (const RowType type : {RowType::f32, RowType::int8, RowType::f16}) {
    update({.type = type, .rebuild = true});
    EXPECT_EQ(load_collection(index()).info.type, type);
    expect_right_rows(type);
  }
}

TEST_F(CollectionTest, AnyNameIsKept) {
  const std::vector<std::string> strange = {"\xFF\xFE.ppm", "a\nb.ppm", "quote'\".ppm", "tab\t.ppm",
                                            "\xE2\x82\xAC.ppm"};
  for (size_t i = 0; i < strange.size(); ++i) put(strange[i], picture_bytes(static_cast<unsigned>(i)));
  EXPECT_EQ(update().added, strange.size());
  EXPECT_EQ(update().unchanged, strange.size());
  EXPECT_THAT(names(), testing::UnorderedElementsAreArray(strange));
}

TEST_F(CollectionTest, LinksPipesAndLoopsEnd) {
  put("a.ppm", picture_bytes(1));
  fs::create_directory_symlink(folder_.path() / "p", folder_.path() / "p/loop");
  fs::create_symlink("nowhere", folder_.path() / "p/dangling");
  fs::create_symlink("self", folder_.path() / "p/self");
  fs::create_symlink("a.ppm", folder_.path() / "p/link.ppm");
  ASSERT_EQ(::mkfifo((pictures() + "/pipe.jpg").c_str(), 0600), 0);
  EXPECT_EQ(update().pictures, 2U);
  EXPECT_THAT(names(), testing::ElementsAre("a.ppm", "link.ppm"));
}

TEST_F(CollectionTest, BadPicturesAreToldOnceAndTriedAgainWhenTheyChange) {
  put("a.ppm", picture_bytes(1));
  put("bad.ppm", picture_bytes(2).substr(0, 200));
  std::vector<std::string> told;
  const IndexOptions options{.on_bad = [&](const std::string& path, const Error& error) {
    told.push_back(path + " " + std::string(to_string(error.code())));
  }};
  EXPECT_EQ(update(options).bad, 1U);
  EXPECT_THAT(told, testing::ElementsAre(pictures() + "/bad.ppm damaged"));
  const IndexReport again = update(options);
  EXPECT_EQ(again.unchanged, 2U);
  EXPECT_EQ(told.size(), 1U);
  put("bad.ppm", picture_bytes(2));
  EXPECT_EQ(update(options).pictures, 2U);
}

TEST_F(CollectionTest, EqualContentIsEmbeddedOnceWithinARun) {
  for (unsigned i = 0; i < 100; ++i) {
    put("good/" + std::to_string(i) + ".ppm", picture_bytes(i % 3));
    put(std::to_string(i) + ".ppm", i % 10 == 0 ? picture_bytes(7).substr(0, 200) : picture_bytes(i % 3));
  }
  std::vector<std::string> told;
  const IndexOptions options{.decode_threads = 4, .on_bad = [&](const std::string& path, const Error& error) {
                               EXPECT_THAT(error.what(), testing::HasSubstr(path));
                               told.push_back(path + " " + std::string(to_string(error.code())));
                             }};
  const IndexReport r = update(options);
  EXPECT_EQ(r.added, 3U);
  EXPECT_EQ(r.known, 187U);
  EXPECT_EQ(r.pictures, 190U);
  EXPECT_EQ(r.bad, 10U);
  EXPECT_EQ(told.size(), 10U);
  EXPECT_THAT(told, testing::Each(testing::EndsWith("0.ppm damaged")));
  EXPECT_EQ(load_collection(index()).vectors.size(), 3U);
  expect_right_rows();
  EXPECT_EQ(update(options).unchanged, 200U);
  EXPECT_EQ(told.size(), 10U);
}

TEST_F(CollectionTest, RefusesOtherModelsAndOptions) {
  put("a.ppm", picture_bytes(1));
  update();
  expect_error(ErrorCode::unsupported, [&] { update_collection(tiny_model(2), pictures(), index()); },
               {"cannot be compared", "--rebuild"});
  expect_error(ErrorCode::unsupported, [&] { update({.apply_orientation = false}); }, {"--exif on"});
  expect_error(ErrorCode::unsupported, [&] { update({.fast_decode = true}); }, {"fast"});
  expect_error(ErrorCode::unsupported, [&] { update({.type = RowType::f32}); }, {"f16", "f32"});
  expect_error(ErrorCode::unsupported,
               [&] { update_collection(tiny_model(), folder_.path().string(), index()); }, {"not of"});
  expect_right_rows();
  update_collection(tiny_model(2), pictures(), index(), {.rebuild = true});
  EXPECT_EQ(collection_info(index()).model, tiny_model(2).info().fingerprint);
}

TEST_F(CollectionTest, AMissingDriveForgetsNothing) {
  put("a.ppm", picture_bytes(1));
  update();
  fs::rename(folder_.path() / "p", folder_.path() / "away");
  expect_error(ErrorCode::not_found, [&] { update(); });
  fs::create_directory(folder_.path() / "p");
  expect_error(ErrorCode::not_found, [&] { update(); }, {"is a drive missing"});
  EXPECT_EQ(names().size(), 1U);
  EXPECT_EQ(update({.forget_missing = true}).pictures, 0U);
}

TEST_F(CollectionTest, MovesWithItsFolder) {
  put("a.ppm", picture_bytes(1));
  const std::string inside = collection_path(pictures());
  EXPECT_EQ(update_collection(tiny_model(), pictures(), inside).added, 1U);
  fs::rename(folder_.path() / "p", folder_.path() / "q");
  const std::string moved = collection_path(folder_.file("q"));
  EXPECT_EQ(update_collection(tiny_model(), folder_.file("q"), moved).unchanged, 1U);
  EXPECT_EQ(fs::canonical(collection_info(moved).folder), fs::canonical(folder_.file("q")));
}

TEST_F(CollectionTest, WhatIsNoIndexIsAnError) {
  put("a.ppm", picture_bytes(1));
  expect_error(ErrorCode::not_found, [&] { load_collection(index()); }, {"simdclip index"});
  for (const std::string& bytes : {std::string("SQLite format 3\0garbage", 23), std::string(5000, 'x')}) {
    write_text(index(), bytes);
    expect_error(ErrorCode::damaged, [&] { load_collection(index()); });
    expect_error(ErrorCode::damaged, [&] { update(); });
    EXPECT_EQ(read_text(index()), bytes);
  }
  expect_error(ErrorCode::io, [&] { load_collection(pictures()); });
  expect_error(ErrorCode::io,
               [&] { update_collection(tiny_model(), pictures(), folder_.file("none/index")); });
  expect_error(ErrorCode::not_found, [&] { update_collection(tiny_model(), folder_.file("none"), index()); });
}

TEST_F(CollectionTest, TruncatedAnywhereIsAnErrorOrASmallerIndex) {
  for (unsigned i = 0; i < 40; ++i) put(std::to_string(i) + ".ppm", picture_bytes(i));
  update();
  const std::string whole = read_text(index());
  for (size_t size = 1; size < whole.size(); size += 3001) {
    write_text(index(), whole.substr(0, size));
    try {
      load_collection(index());
    } catch (const Error& error) {
      EXPECT_THAT(to_string(error.code()), testing::AnyOf("damaged", "io", "unsupported")) << error.what();
    }
  }
}

TEST_F(CollectionTest, TwoAtOnceDoItOnce) {
  for (unsigned i = 0; i < 60; ++i) put(std::to_string(i) + ".ppm", picture_bytes(i));
  std::vector<std::string> errors(3);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      try {
        update();
      } catch (const std::exception& error) {
        errors[t] = error.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // The first to come makes the tables; who comes in between is told, and nothing is lost.
  EXPECT_THAT(errors, testing::Each(""));
  EXPECT_EQ(update().pictures, 60U);
  expect_right_rows();
}

// Killed at a random moment, ten times over; the next run goes on and nothing is wrong.
TEST_F(CollectionTest, KilledItLosesNothingThatWasCommitted) {
  for (unsigned i = 0; i < 400; ++i) put(std::to_string(i) + ".ppm", picture_bytes(i));
  tiny_model();
  for (int round = 0; round < 10; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      // Another process: no thread of the parent's model is there, so it opens its own.
      const std::string path = tiny_model().info().path;
      const Model model = Model::open(path, {.threads = 1});
      update_collection(model, pictures(), index());
      ::_exit(0);
    }
    ::usleep(2'000 + static_cast<unsigned>(round) * 7'000);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  update();
  EXPECT_EQ(names().size(), 400U);
  EXPECT_EQ(load_collection(index()).vectors.size(), 400U);
}

}  // namespace
}  // namespace simdclip::tests
