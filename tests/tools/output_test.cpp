// Where output goes: results to stdout, messages to stderr, errors when either file cannot take it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "support/paths.h"
#include "tools/program.h"

namespace simdclip::tests {
namespace {

using testing::HasSubstr;

TEST(Output, FullDiskBehindStdout) {
  std::string texts;
  for (int i = 0; i < 3000; ++i) texts += "a photo of a cat\n";
  const TemporaryFolder folder;
  write_file(folder.file("texts.txt"), texts);
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"tokenize", "-m", model_file(), "--json", "--text-file", folder.file("texts.txt")},
           {"tokenize", "-m", model_file(), "a"},
           {"info", "-m", model_file(), "--json"},
           {"info", "-m", model_file()},
           {"rank", "-m", model_file(), picture(), "--text", "a"},
           {"rank", "-m", model_file(), std::string(kFixtures) + "/image", "--json", "--text-file",
            folder.file("texts.txt")},
           {"--help"},
           {"embed", "--help"}}) {
    const Ran r = run(arguments, {.stdout_file = "/dev/full"});
    EXPECT_EQ(r.status, 1) << arguments[0];
    EXPECT_THAT(r.err, HasSubstr("stdout: cannot be written: No space left on device")) << arguments[0];
  }
}

TEST(Output, NoColourNoProgressWithoutATerminal) {
  const TemporaryFolder folder;
  const FixtureSource source("open_clip_folder");
  const Ran converted = run({"convert", source.source(), "-o", folder.file("m.sclip")});
  EXPECT_EQ(converted.err, "");
  const Ran embedded = run({"embed", "-m", model_file(), "-o", folder.file("x.npy"), picture()});
  EXPECT_EQ(embedded.err, "");
  const Ran ranked = run({"rank", "-m", model_file(), picture(), "--text", "a"});
  EXPECT_EQ(ranked.err, "");
  for (const Ran* r : {&converted, &embedded, &ranked}) {
    EXPECT_EQ(r->out.find('\x1b'), std::string::npos);
    EXPECT_EQ(r->out.find('\r'), std::string::npos);
  }
}

// A bar with rate and time left, on stderr alone, gone at the end.
TEST(Output, ProgressOnATerminal) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "many");
  for (int i = 0; i < 400; ++i) {
    std::filesystem::create_symlink(std::filesystem::absolute(picture()),
                                    folder.path() / "many" / (std::to_string(i) + ".png"));
  }
  int terminal = -1;
  const std::string out = folder.file("stdout"), many = folder.file("many"), npy = folder.file("x.npy");
  const std::string model = model_file();
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::setenv("TERM", "xterm", 1);
    if (std::freopen(out.c_str(), "w", stdout) == nullptr) ::_exit(126);
    ::execl(kProgram, kProgram, "embed", "-m", model.c_str(), "--isa", "portable", "--threads", "1", "-o",
            npy.c_str(), many.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  std::string seen;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(terminal, buffer, sizeof buffer)) > 0;)
    seen.append(buffer, static_cast<size_t>(got));
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(terminal);
  EXPECT_EQ(status, 0) << seen;
  EXPECT_THAT(seen, HasSubstr("pictures/s"));
  EXPECT_THAT(seen, HasSubstr(" left"));
  EXPECT_TRUE(seen.ends_with("\r\x1b[K")) << seen;
  EXPECT_EQ(read_file(out), npy + ": float32 [400, 20], sources in " + folder.file("x.tsv") + "\n");
}

}  // namespace
}  // namespace simdclip::tests
