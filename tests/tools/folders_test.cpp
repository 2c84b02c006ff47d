// Folders as they are: not readable by this user, changing while they are read, with loops and strange names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "support/paths.h"
#include "tools/program.h"

namespace simdclip::tests {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class Folders : public testing::Test {
 protected:
  Folders() {
    fs::create_directory(folder_.path() / "p");
    good_ = read_file(picture());
  }
  void put(const std::string& name, const std::string& bytes) const {
    fs::create_directories((folder_.path() / "p" / name).parent_path());
    write_file(folder_.file("p/" + name), bytes);
  }
  std::string p() const { return folder_.file("p"); }
  Ran embed(const std::string& out, const RunOptions& options = {}) const {
    return run({"embed", "-m", model(), "-o", folder_.file(out + ".npy"), p()}, options);
  }
  Ran index(const RunOptions& options = {}) const {
    return run({"index", "-m", model(), p(), "-o", folder_.file("i"), "--json"}, options);
  }
  std::string names(const std::string& stem) const { return read_file(folder_.file(stem + ".tsv")); }
  // Where every user can read it.
  std::string model() const {
    const std::string copy = folder_.file("m.sclip");
    if (!fs::exists(copy)) fs::copy_file(model_file(), copy);
    return copy;
  }
  TemporaryFolder folder_;
  std::string good_;
};

TEST_F(Folders, WhatAnotherUserMayNotReadIsToldAndNotForgotten) {
  const RunOptions nobody{.before = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}};
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  if (::geteuid() != 0 || run({"--version"}, nobody).status != 0)
    GTEST_SKIP() << "not root, or no setpriv, or nobody cannot run the program";
  put("a.png", good_);
  put("b.png", good_.substr(0, 60) + good_.substr(60));
  put("deep/c.png", read_file(std::string(kFixtures) + "/image/jpeg_420.jpg"));
  fs::permissions(model(), fs::perms::owner_all | fs::perms::others_read);
  Ran r = index(nobody);
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_EQ(parsed(r.out)["pictures"], 3);
  ASSERT_EQ(::chmod((p() + "/b.png").c_str(), 0), 0);
  ASSERT_EQ(::chmod((p() + "/deep").c_str(), 0), 0);
  r = index(nobody);
  EXPECT_EQ(r.status, 0) << r.err;
  EXPECT_EQ(parsed(r.out)["pictures"], 3);
  EXPECT_EQ(parsed(r.out)["unreadable"], 1);
  EXPECT_THAT(r.err, HasSubstr("p/deep: cannot be read: Permission denied"));
  r = embed("x", nobody);
  EXPECT_EQ(r.status, 0) << r.err;
  EXPECT_THAT(r.err, HasSubstr("p/b.png: cannot be read: Permission denied"));
  EXPECT_EQ(names("x"), "0\t" + p() + "/a.png\n");
  // A picture that is named, a folder that cannot be looked into at all, an output folder that is closed.
  EXPECT_EQ(run({"embed", "-m", model(), "-o", folder_.file("y.npy"), p() + "/b.png"}, nobody).status, 1);
  r = run({"index", "-m", model(), p()}, nobody);
  EXPECT_EQ(r.status, 1);
  EXPECT_THAT(r.err, HasSubstr("-o"));
  ASSERT_EQ(::chmod(p().c_str(), 0), 0);
  r = index(nobody);
  EXPECT_EQ(r.status, 1);
  EXPECT_THAT(r.err, HasSubstr("Permission denied"));
  EXPECT_EQ(embed("z", nobody).status, 1);
  EXPECT_FALSE(fs::exists(folder_.file("z.npy")));
  // Nothing was forgotten meanwhile.
  ASSERT_EQ(::chmod(p().c_str(), 0755), 0);
  ASSERT_EQ(::chmod((p() + "/deep").c_str(), 0755), 0);
  ASSERT_EQ(::chmod((p() + "/b.png").c_str(), 0644), 0);
  EXPECT_EQ(parsed(index(nobody).out)["unchanged"], 3);
}

TEST_F(Folders, FilesThatVanishShrinkAndGrowWhileTheyAreRead) {
  constexpr int kKept = 60, kMoving = 40;
  for (int i = 0; i < kKept; ++i) put("kept" + std::to_string(i) + ".png", good_);
  const auto moving = [&](int i) { return folder_.file("p/moving" + std::to_string(i) + ".png"); };
  for (int i = 0; i < kMoving; ++i) write_file(moving(i), good_);
  std::atomic<bool> over{false};
  std::thread restless([&] {
    for (unsigned step = 0; !over; ++step) {
      const std::string path = moving(static_cast<int>(step * 7 % kMoving));
      std::error_code ignored;
      if (step % 3 == 0) fs::remove(path, ignored);
      if (step % 3 == 1) write_file(path, good_ + std::string(100000, 'x'));
      if (step % 3 == 2) fs::resize_file(path, 100, ignored);
    }
  });
  std::vector<Ran> runs;
  for (int i = 0; i < 4; ++i) {
    runs.push_back(embed("x" + std::to_string(i)));
    runs.push_back(index());
  }
  over = true;
  restless.join();
  for (const Ran& r : runs) EXPECT_EQ(r.status, 0) << r.err;
  for (int i = 0; i < 4; ++i) {
    const std::string list = names("x" + std::to_string(i));
    for (int k = 0; k < kKept; ++k) EXPECT_THAT(list, HasSubstr("/kept" + std::to_string(k) + ".png\n"));
  }
  // At rest, what is there is what is known.
  for (int i = 0; i < kMoving; ++i) write_file(moving(i), good_);
  EXPECT_EQ(parsed(index().out)["pictures"], kKept + kMoving);
  EXPECT_EQ(parsed(index().out)["unchanged"], kKept + kMoving);
}

TEST_F(Folders, LoopsPipesAndStrangeNames) {
  const std::vector<std::string> strange = {
      "a\nb.png", "\xFF\xFE.png", "tab\there.png", "back\\slash.png", "quote'\".png", " .png", "-0.png"};
  for (const std::string& name : strange) put(name, good_);
  fs::create_directory_symlink(p(), p() + "/loop");
  fs::create_symlink("self", p() + "/self");
  fs::create_symlink("nowhere", p() + "/dangling.png");
  ASSERT_EQ(::mkfifo((p() + "/pipe.png").c_str(), 0600), 0);
  const Ran embedded = embed("x");
  ASSERT_EQ(embedded.status, 0) << embedded.err;
  const Ran indexed = index();
  ASSERT_EQ(indexed.status, 0) << indexed.err;
  EXPECT_EQ(parsed(indexed.out)["pictures"], strange.size());
  for (const std::string& where : {folder_.file("x.npy"), folder_.file("i")}) {
    const Ran found = run({"search", "-m", model(), where, "cat", "-0", "--top", "100"});
    ASSERT_EQ(found.status, 0) << found.err;
    for (const std::string& name : strange)
      EXPECT_THAT(found.out, HasSubstr(p() + "/" + name + std::string(1, '\0')));
    EXPECT_EQ(std::count(found.out.begin(), found.out.end(), '\0'),
              static_cast<std::ptrdiff_t>(strange.size()));
  }
}

// Approximate search as its users meet it.
TEST_F(Folders, GraphsOfVectors) {
  for (int i = 0; i < 30; ++i) put(std::to_string(i) + ".png", good_);
  put("other.jpg", read_file(std::string(kFixtures) + "/image/jpeg_420.jpg"));
  ASSERT_EQ(embed("x").status, 0);
  const std::string x = folder_.file("x.npy");
  Ran r = run({"graph", x, "--json"});
  if (r.status == 1 && r.err.find("libhnswlib-dev") != std::string::npos) GTEST_SKIP() << r.err;
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_EQ(parsed(r.out)["rows"], 31);
  EXPECT_EQ(parsed(r.out)["output"], folder_.file("x.graph"));
  EXPECT_EQ(run({"graph", x, "-o", folder_.file("again.graph"), "--threads", "1"}).status, 0);
  const auto search = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"search",           "-m",    model(), x, "--image",
                                          p() + "/other.jpg", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  };
  EXPECT_EQ(search({"--approximate"}).out, search({}).out);
  EXPECT_EQ(
      search({"--approximate", "--effort", "4", "--top", "1", "--graph", folder_.file("again.graph")}).out,
      search({"--top", "1"}).out);
  EXPECT_EQ(search({"--approximate", "--in", p() + "/3.png"}).out, search({"--in", p() + "/3.png"}).out);
  EXPECT_EQ(search({"--effort", "4"}).status, 2);
  EXPECT_EQ(run({"search", "-m", model(), p(), "cat", "--approximate"}).status, 2);
  EXPECT_EQ(run({"graph", p()}).status, 2);
  EXPECT_EQ(run({"graph", folder_.file("no.npy")}).status, 1);
  r = run({"graph", x, "-o", folder_.file("no/where.graph")});
  EXPECT_EQ(r.status, 1);
  EXPECT_THAT(r.err, HasSubstr("no/where.graph"));
  EXPECT_EQ(run({"graph", x}, {.stdout_file = "/dev/full"}).status, 1);
  // Of other vectors, damaged, missing.
  put("31.png", good_);
  ASSERT_EQ(embed("x").status, 0);
  EXPECT_THAT(search({"--approximate"}).err, HasSubstr("build the graph again"));
  write_file(folder_.file("x.graph"), read_file(folder_.file("x.graph")).substr(0, 500));
  EXPECT_THAT(search({"--approximate"}).err, HasSubstr("(damaged)"));
  fs::remove(folder_.file("x.graph"));
  EXPECT_EQ(search({"--approximate"}).status, 1);
}

}  // namespace
}  // namespace simdclip::tests
