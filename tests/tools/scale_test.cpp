// Large jobs as their users meet them: killed and gone on with, split, searched; full disks and limits.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/paths.h"
#include "tools/program.h"

namespace simdclip::tests {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class Scale : public testing::Test {
 protected:
  // `count` pictures, every tenth of them bad.
  void make_pictures(size_t count) {
    fs::create_directory(folder_.path() / "p");
    const std::string good = read_file(picture());
    for (size_t i = 0; i < count; ++i)
      write_file(folder_.file("p/" + std::to_string(i) + ".png"), i % 10 == 9 ? good.substr(0, 50) : good);
  }
  std::vector<std::string> embed(const std::string& out, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {
        "embed", "-m", model_file(), "-o", folder_.file(out), folder_.file("p"), "--checkpoint", "0.001"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::string result(const std::string& stem) const {
    return read_file(folder_.file(stem + ".npy")) + read_file(folder_.file(stem + ".tsv"));
  }
  // The program, killed some microseconds after its start, or after `file` is there. True where it had ended
  // by itself.
  static bool run_and_kill(const std::vector<std::string>& arguments, unsigned microseconds,
                           const std::string& file = {}) {
    std::vector<std::string> words = arguments;
    words.insert(words.begin(), kProgram);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      const int null = ::open("/dev/null", O_WRONLY);
      ::dup2(null, 1);
      ::dup2(null, 2);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    int status = 0;
    if (!file.empty()) {
      while (!fs::exists(file)) {
        if (::waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status);
        ::usleep(500);
      }
    }
    ::usleep(microseconds);
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    return WIFEXITED(status);
  }
  TemporaryFolder folder_;
};

TEST_F(Scale, TenKillsAndTheSameBytes) {
  make_pictures(300);
  ASSERT_EQ(run(embed("want.npy", {"--errors", folder_.file("want.errors")})).status, 0);
  size_t resumed = 0;
  for (unsigned kill = 0; kill < 10; ++kill) {
    // Every other one behind a checkpoint, however slow the machine is.
    run_and_kill(embed("got.npy", {"--threads", "1"}), kill * 4'000,
                 kill % 2 == 0 ? "" : folder_.file("got.npy.resume"));
    resumed += fs::exists(folder_.file("got.npy.resume")) ? 1 : 0;
  }
  EXPECT_GT(resumed, 0U) << "no kill came between a checkpoint and the end";
  const Ran last = run(embed("got.npy", {"--errors", folder_.file("got.errors")}));
  ASSERT_EQ(last.status, 0) << last.err;
  EXPECT_EQ(result("got"), result("want"));
  EXPECT_EQ(read_file(folder_.file("got.errors")), read_file(folder_.file("want.errors")));
  EXPECT_THAT(entries(folder_.path().string()),
              testing::UnorderedElementsAre("p", "want.npy", "want.tsv", "got.npy", "got.tsv", "want.errors",
                                            "got.errors"));
}

TEST_F(Scale, AChangedJobIsRefused) {
  make_pictures(300);
  const std::string checkpoint = folder_.file("got.npy.resume");
  for (unsigned attempt = 0; !fs::exists(checkpoint); ++attempt) {
    ASSERT_LT(attempt, 20U) << "no checkpoint";
    if (run_and_kill(embed("got.npy", {"--isa", "portable", "--threads", "1"}), 0, checkpoint))
      fs::remove(folder_.file("got.npy"));
  }
  for (const auto& [more, part] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--rows", "f16"}, "--rows was f32, now it is f16"},
           {{"--exif", "off"}, "--exif"},
           {{picture()}, "list of pictures"},
           {{"--shard", "1/2"}, "shard"}}) {
    const Ran r = run(embed("got.npy", more));
    EXPECT_EQ(r.status, 1);
    EXPECT_THAT(r.err, HasSubstr(part));
    EXPECT_THAT(r.err, HasSubstr("--restart"));
  }
  ASSERT_EQ(run(embed("got.npy", {"--rows", "f16", "--restart"})).status, 0);
  ASSERT_EQ(run(embed("want.npy", {"--rows", "f16"})).status, 0);
  EXPECT_EQ(result("got"), result("want"));
}

TEST_F(Scale, ShardsMerge) {
  make_pictures(30);
  ASSERT_EQ(run(embed("want.npy", {"--rows", "int8"})).status, 0);
  std::vector<std::string> merge = {"merge", "-o", folder_.file("got.npy")};
  for (const std::string shard : {"1", "2", "3", "4"}) {
    const Ran r = run(embed("part" + shard + ".npy", {"--rows", "int8", "--shard", shard + "/4"}));
    ASSERT_EQ(r.status, 0) << r.err;
    merge.push_back(folder_.file("part" + shard + ".npy"));
  }
  const Ran r = run(merge);
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_EQ(result("got"), result("want"));
  EXPECT_EQ(run({"merge", "-o", folder_.file("got.npy"), folder_.file("part1.npy")}).status, 1);
}

TEST_F(Scale, ListsAndPatterns) {
  make_pictures(9);
  const std::string p = folder_.file("p");
  const Ran listed = run({"embed", "-m", model_file(), "-o", folder_.file("a.npy"), "--list", "-"},
                         {.input = p + "/3.png\n" + p + "/missing.png\n" + p + "/1.png\n"});
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_THAT(listed.err, HasSubstr("missing.png"));
  EXPECT_EQ(read_file(folder_.file("a.tsv")), "0\t" + p + "/3.png\n1\t" + p + "/1.png\n");
  const Ran pattern = run({"embed", "-m", model_file(), "-o", folder_.file("b.npy"), p + "/[45]*.png"});
  EXPECT_EQ(pattern.status, 0) << pattern.err;
  EXPECT_EQ(read_file(folder_.file("b.tsv")), "0\t" + p + "/4.png\n1\t" + p + "/5.png\n");
}

TEST_F(Scale, IndexAndSearchForms) {
  fs::create_directories(folder_.path() / "p/a\nb");
  const std::string images = std::string(kFixtures) + "/image/";
  fs::copy_file(picture(), folder_.path() / "p/picture.png");
  fs::copy_file(images + "jpeg_420.jpg", folder_.path() / "p/a\nb/\xFF.jpg");
  fs::copy_file(images + "jpeg_420.jpg", folder_.path() / "p/copy.jpg");
  const std::string p = folder_.file("p");
  const Ran indexed = run({"index", "-m", model_file(), p, "--json"});
  ASSERT_EQ(indexed.status, 0) << indexed.err;
  EXPECT_EQ(parsed(indexed.out)["pictures"], 3);
  const auto search = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"search", "-m", model_file(), p};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ran r = run(arguments);
    EXPECT_EQ(r.status, 0) << r.err;
    return r;
  };
  const auto found = parsed(search({"--image", p + "/picture.png", "--json"}).out)["queries"][0]["hits"];
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0]["path"], p + "/picture.png");
  EXPECT_NEAR(found[0]["score"].get<double>(), 1, 1e-3);
  EXPECT_EQ(search({"cat", "-0", "--in", "a\nb"}).out, p + "/a\nb/\xFF.jpg" + std::string(1, '\0'));
  EXPECT_EQ(search({"cat", "--paths", "--after", "2100-01-01"}).out, "");
  EXPECT_EQ(search({"cat", "--paths", "--min", "1.5"}).out, "");
  EXPECT_EQ(parsed(search({"cat", "dog", "--each", "--json", "--top", "1"}).out)["queries"].size(), 2U);
  // Weights: all on the picture is the picture alone.
  EXPECT_EQ(parsed(search({"cat", "--image", p + "/picture.png", "--weights", "0", "1", "--json"})
                       .out)["queries"][0]["hits"],
            found);
  EXPECT_EQ(run({"search", "-m", model_file(), p, "cat", "--weights", "1", "2"}).status, 2);
  EXPECT_EQ(run({"search", "-m", model_file(), p, "cat", "--after", "yesterday"}).status, 2);
  search({"cat", "--html", folder_.file("sheet.html")});
  EXPECT_THAT(read_file(folder_.file("sheet.html")), HasSubstr("data:image/jpeg;base64,"));
  // Equal content is a duplicate whatever the threshold.
  const Ran dups = run({"dups", p, "--min", "1", "--paths"});
  EXPECT_EQ(dups.out, p + "/copy.jpg\n") << dups.err;
  EXPECT_EQ(parsed(run({"cluster", p, "--clusters", "2", "--json"}).out)["clusters"].size(), 2U);
  // The same over a .npy file.
  ASSERT_EQ(run({"embed", "-m", model_file(), "-o", folder_.file("x.npy"), p}).status, 0);
  EXPECT_EQ(run({"search", "-m", model_file(), folder_.file("x.npy"), "--image", p + "/picture.png",
                 "--paths", "--top", "1"})
                .out,
            p + "/picture.png\n");
  EXPECT_EQ(run({"search", "-m", model_file(), p, "cat"}, {.stdout_file = "/dev/full"}).status, 1);
}

// A limit on the size of files is an error, not a death, and the run goes on where the limit is gone.
TEST_F(Scale, FileSizeLimit) {
  make_pictures(300);
  ASSERT_EQ(run(embed("want.npy")).status, 0);
  const RunOptions limited{.before = {"/bin/sh", "-c", "ulimit -f 8; exec \"$0\" \"$@\""}};
  const Ran r = run(embed("got.npy"), limited);
  EXPECT_EQ(r.status, 1) << r.err;
  EXPECT_THAT(r.err, HasSubstr("ulimit -f"));
  const Ran index = run({"index", "-m", model_file(), folder_.file("p"), "-o", folder_.file("i")}, limited);
  EXPECT_EQ(index.status, 1) << index.err;
  EXPECT_TRUE(index.err.starts_with("simdclip: ")) << index.err;
  ASSERT_EQ(run(embed("got.npy")).status, 0);
  EXPECT_EQ(result("got"), result("want"));
  EXPECT_EQ(run({"index", "-m", model_file(), folder_.file("p"), "-o", folder_.file("i")}).status, 0);
}

TEST_F(Scale, FullDisk) {
  make_pictures(20);
  const std::string small = folder_.file("small");
  fs::create_directory(small);
  if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=1m") != 0)
    GTEST_SKIP() << "no tmpfs can be mounted here (not root?)";
  write_file(small + "/filler", std::string(1'000'000, 'x'));
  std::vector<std::string> arguments = {"embed",          "-m",           model_file(), "-o",
                                        small + "/x.npy", "--checkpoint", "0.001"};
  for (int i = 0; i < 40; ++i) arguments.push_back(folder_.file("p"));
  const Ran full = run(arguments);
  const Ran index = run({"index", "-m", model_file(), folder_.file("p"), "-o", small + "/i"});
  fs::remove(small + "/filler");
  const Ran again = run(arguments);
  const Ran index_again = run({"index", "-m", model_file(), folder_.file("p"), "-o", small + "/i"});
  const std::string got = fs::exists(small + "/x.npy") ? read_file(small + "/x.npy") : "";
  ::umount(small.c_str());
  EXPECT_EQ(full.status, 1);
  EXPECT_THAT(full.err, HasSubstr("No space left"));
  EXPECT_EQ(index.status, 1);
  EXPECT_THAT(index.err, HasSubstr("disk is full"));
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(index_again.status, 0) << index_again.err;
  EXPECT_EQ(got.size(), 128U + 40 * 18 * 20 * 4);
}

}  // namespace
}  // namespace simdclip::tests
