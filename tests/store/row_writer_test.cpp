// Rows on disk: types, unfinished runs, shards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "simdclip/npy.h"
#include "store/resume_state.h"
#include "support/errors.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {
namespace {

class Writer : public testing::Test {
 protected:
  static std::vector<float> row(size_t i) { return {static_cast<float>(i), 0.5F, -1}; }
  static std::string name(size_t i) { return "picture\t" + std::to_string(i); }
  std::string npy() const { return folder_.file("x.npy"); }
  static void append(RowWriter& writer, size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) writer.append(row(i), name(i));
  }
  std::string all() const { return read_text(npy()) + read_text(folder_.file("x.tsv")); }
  std::string whole(size_t n, RowType type = RowType::f32) {
    RowWriter writer(npy(), 3, {.type = type});
    append(writer, 0, n);
    writer.commit();
    std::string out = all();
    std::filesystem::remove(npy());
    std::filesystem::remove(folder_.file("x.tsv"));
    return out;
  }
  // A run that came to a checkpoint behind `done` rows and went on to `reached`, then died: what lies in the
  // folder.
  void die(size_t done, size_t reached) {
    {
      RowWriter writer(npy(), 3, {.job = "list=1\nmodel=2\n", .checkpoint_seconds = 0.001});
      append(writer, 0, done);
      writer.note("bad one");
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      writer.checkpoint(done + 1);
      append(writer, done, reached);
    }
    EXPECT_TRUE(std::filesystem::exists(npy() + ".part"));
    EXPECT_FALSE(std::filesystem::exists(npy()));
  }
  TemporaryFolder folder_;
};

TEST_F(Writer, WritesEveryType) {
  for (const RowType type : {RowType::f32, RowType::f16, RowType::int8}) {
    RowWriter writer(npy(), 3, {.type = type});
    append(writer, 0, 1000);
    EXPECT_EQ(folder_.entries(), type == RowType::f32 ? 2U : 4U);  // parts beside what was there
    writer.commit();
    EXPECT_EQ(folder_.entries(), 2U);
    const Vectors back = Vectors::open(npy());
    EXPECT_EQ(back.type(), type);
    ASSERT_EQ(back.size(), 1000U);
    EXPECT_NEAR(back.row(7)[1], type == RowType::int8 ? 0.0694 : 0.5, 2e-2);
    const std::vector<std::string> names = read_row_names(npy());
    EXPECT_EQ(names[999], name(999));
    const RowNames one_by_one(npy());
    ASSERT_EQ(one_by_one.size(), 1000U);
    for (const size_t row : {999U, 0U, 63U, 64U, 65U, 500U}) EXPECT_EQ(one_by_one.name(row), names[row]);
  }
}

TEST_F(Writer, NamesOfDamagedListsAreErrors) {
  write_text(folder_.file("x.tsv"), "0\ta\n1\tb\n");
  EXPECT_EQ(RowNames(folder_.file("x.npy")).name(1), "b");
  write_text(folder_.file("x.tsv"), "");
  EXPECT_EQ(RowNames(folder_.file("x.npy")).size(), 0U);
  write_text(folder_.file("x.tsv"), "0\ta\n1\tb");
  expect_error(ErrorCode::damaged, [&] { RowNames(folder_.file("x.npy")); }, {"cut off"});
  for (const char* text : {"0\ta\n2\tb\n", "0\ta\n\n", "0\ta\n1b\n", "0\ta\n1 b\tc\n"}) {
    write_text(folder_.file("x.tsv"), text);
    expect_error(ErrorCode::damaged, [&] { static_cast<void>(RowNames(folder_.file("x.npy")).name(1)); },
                 {"line 2"});
    expect_error(ErrorCode::damaged, [&] { read_row_names(folder_.file("x.npy")); }, {"line 2"});
  }
  expect_error(ErrorCode::not_found, [&] { RowNames(folder_.file("y.npy")); });
}

TEST_F(Writer, AnAbandonedShortRunLeavesNothing) {
  { RowWriter writer(npy(), 3, {.job = "list=1\n"}); }
  EXPECT_EQ(folder_.entries(), 0U);
}

TEST_F(Writer, AnUnfinishedRunGoesOnToTheSameBytes) {
  const std::string want = whole(500);
  die(300, 450);
  // Another job is told so, and nothing is lost.
  const std::string message =
      expect_error(ErrorCode::unsupported, [&] { RowWriter(npy(), 3, {.job = "list=1\nmodel=3\n"}); },
                   {"its model was 2, now it is 3", "301 inputs", "--restart"});
  {
    RowWriter writer(npy(), 3, {.job = "list=1\nmodel=2\n"});
    EXPECT_EQ(writer.resumed(), 301U);
    EXPECT_EQ(writer.rows(), 300U);
    EXPECT_THAT(writer.notes(), testing::ElementsAre("bad one"));
    // A third process is kept out meanwhile.
    expect_error(ErrorCode::io, [&] { RowWriter(npy(), 3, {.job = "list=1\nmodel=2\n"}); },
                 {"another process"});
    append(writer, 300, 500);
    writer.commit();
  }
  EXPECT_EQ(all(), want);
  EXPECT_EQ(folder_.entries(), 2U);
}

TEST_F(Writer, RestartForgets) {
  const std::string want = whole(5);
  die(3, 4);
  RowWriter writer(npy(), 3, {.job = "list=9\n", .restart = true});
  EXPECT_EQ(writer.resumed(), 0U);
  append(writer, 0, 5);
  writer.commit();
  EXPECT_EQ(all(), want);
  EXPECT_EQ(folder_.entries(), 2U);
}

// Everything was written; the process ended before, between or after the two renames.
TEST_F(Writer, FinishingIsFinished) {
  const std::string want = whole(5);
  for (const int renamed : {0, 1, 2}) {
    {
      RowWriter writer(npy(), 3, {.job = "list=1\n"});
      append(writer, 0, 5);
      writer.commit();
    }
    const auto size = std::filesystem::file_size(folder_.file("x.tsv"));
    if (renamed < 2) std::filesystem::rename(npy(), npy() + ".part");
    if (renamed < 1) std::filesystem::rename(folder_.file("x.tsv"), folder_.file("x.tsv.part"));
    write_resume_state(npy() + ".resume", {"list=1\n", 5, 5, size, true, {}});
    RowWriter writer(npy(), 3, {.job = "list=1\n"});
    EXPECT_TRUE(writer.complete());
    writer.commit();
    EXPECT_EQ(all(), want) << renamed;
    EXPECT_EQ(folder_.entries(), 2U);
  }
}

TEST_F(Writer, ADamagedResumeFileIsAnError) {
  die(3, 4);
  const std::string state = read_text(npy() + ".resume");
  for (size_t i = 0; i < state.size(); i += 7) {
    std::string bad = state;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    write_text(npy() + ".resume", bad);
    expect_error(ErrorCode::damaged, [&] { RowWriter(npy(), 3, {.job = "list=1\nmodel=2\n"}); },
                 {"remove it"});
    write_text(npy() + ".resume", state.substr(0, i));
    expect_error(ErrorCode::damaged, [&] { RowWriter(npy(), 3, {.job = "list=1\nmodel=2\n"}); });
  }
  // The rows are fewer than it says.
  write_text(npy() + ".resume", state);
  std::filesystem::resize_file(npy() + ".part", 130);
  expect_error(ErrorCode::io, [&] { RowWriter(npy(), 3, {.job = "list=1\nmodel=2\n"}); }, {"--restart"});
}

TEST_F(Writer, ALinkIsFollowed) {
  std::filesystem::create_directory(folder_.path() / "far");
  write_text(folder_.file("far/real.npy"), "old");
  std::filesystem::create_symlink("far/real.npy", npy());
  RowWriter writer(npy(), 3, {.job = "list=1\n", .checkpoint_seconds = 0.001});
  append(writer, 0, 2);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  writer.checkpoint(2);
  writer.commit();
  EXPECT_TRUE(std::filesystem::is_symlink(npy()));
  EXPECT_EQ(Vectors::open(folder_.file("far/real.npy")).size(), 2U);
  EXPECT_EQ(folder_.entries(), 3U);
}

TEST_F(Writer, ShardsMergeToTheWhole) {
  const std::string want = whole(10, RowType::f16);
  std::vector<std::string> parts;
  for (unsigned shard = 1; shard <= 3; ++shard) {
    parts.push_back(folder_.file("part" + std::to_string(shard) + ".npy"));
    RowWriter writer(parts.back(), 3,
                     {.type = RowType::f16,
                      .job = "list=1\nshard=" + std::to_string(shard) + "/3\n",
                      .shard = shard,
                      .shards = 3});
    append(writer, 10 * (shard - 1) / 3, 10 * shard / 3);
    writer.commit();
  }
  EXPECT_EQ(merge_rows(npy(), std::vector<std::string>{parts[2], parts[0], parts[1]}), 10U);
  EXPECT_EQ(all(), want);
  const std::string other = folder_.file("other.npy");
  {
    RowWriter writer(other, 3, {.type = RowType::f16, .job = "list=2\nshard=3/3\n", .shard = 3, .shards = 3});
    writer.commit();
  }
  const auto expect = [&](ErrorCode code, const std::vector<std::string>& given, const char* part) {
    expect_error(code, [&] { merge_rows(npy(), given); }, {part});
    EXPECT_EQ(all(), want);
  };
  expect(ErrorCode::unsupported, {parts[0], parts[1]}, "shard 3 of 3 is missing");
  expect(ErrorCode::unsupported, {parts[0], parts[0], parts[1]}, "every shard once");
  expect(ErrorCode::unsupported, {parts[0], parts[1], other}, "list was 1, now it is 2");
  expect(ErrorCode::not_found, {parts[0], parts[1], folder_.file("none.npy")}, "none");
  std::string bytes = read_text(parts[1]);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_text(parts[1], bytes);
  expect(ErrorCode::damaged, parts, "changed");
}

}  // namespace
}  // namespace simdclip::tests
