// The whole program on other CPUs (QEMU) and with every instruction set of this one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "support/paths.h"
#include "tools/program.h"

namespace simdclip::tests {
namespace {

// Pictures and texts through both towers: the .npy bytes.
std::pair<std::string, std::string> embeddings(const RunOptions& options, const std::string& isa = {}) {
  const TemporaryFolder folder;
  const std::string images = std::string(kFixtures) + "/image/";
  std::vector<std::string> image = {"embed",
                                    "-m",
                                    model_file(),
                                    "-o",
                                    folder.file("i.npy"),
                                    picture(),
                                    images + "jpeg_420.jpg",
                                    images + "png_rgba_8.png"};
  std::vector<std::string> text = {
      "embed", "-m", model_file(), "-o", folder.file("t.npy"), "--text", "a photo of a cat", "dogs"};
  for (auto* arguments : {&image, &text}) {
    if (!isa.empty()) arguments->insert(arguments->begin() + 1, {"--isa", isa});
    const Ran r = run(*arguments, options);
    EXPECT_EQ(r.status, 0) << r.err;
  }
  return {read_file(folder.file("i.npy")), read_file(folder.file("t.npy"))};
}

std::vector<float> values(const std::string& npy) {
  std::vector<float> out((npy.size() - 128) / sizeof(float));
  std::memcpy(out.data(), npy.data() + 128, out.size() * sizeof(float));
  return out;
}

void expect_near(const std::string& a, const std::string& b) {
  const std::vector<float> x = values(a), y = values(b);
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], y[i], 1e-4) << i;
}

TEST(Cpu, EveryInstructionSetOfThisMachine) {
  const auto best = embeddings({});
  for (const char* isa : {"portable", "avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx"}) {
    const Ran info = run({"info", "-m", model_file(), "--isa", isa, "--json"});
    if (info.status == 1) {
      EXPECT_THAT(info.err, testing::HasSubstr("(isa_unavailable)"));
      continue;
    }
    ASSERT_EQ(info.status, 0) << info.err;
    EXPECT_EQ(parsed(info.out)["isa"], isa);
    const auto got = embeddings({}, isa);
    EXPECT_EQ(embeddings({.environment = {{"SIMDCLIP_ISA", isa}}}), got) << "SIMDCLIP_ISA and --isa differ";
    if (std::string(isa) == "portable") {  // SSE2 has no fused multiply-add
      expect_near(got.first, best.first);
      expect_near(got.second, best.second);
    } else if (parsed(run({"info", "-m", model_file(), "--json"}).out)["isa"] != "portable") {
      EXPECT_EQ(got, best) << isa;
    }
  }
}

// AVX2 as Haswell has it: the same bits as here.
TEST(Cpu, Haswell) {
  if (!*kQemu) GTEST_SKIP() << "qemu-x86_64 is not installed";
  const RunOptions haswell{.before = {kQemu, "-cpu", "Haswell"}};
  const Ran info = run({"info", "-m", model_file(), "--json"}, haswell);
  ASSERT_EQ(info.status, 0) << info.err;
  EXPECT_EQ(parsed(info.out)["isa"], "avx2");
  const auto there = embeddings(haswell), here = embeddings({});
  if (parsed(run({"info", "-m", model_file(), "--json"}).out)["isa"] == "portable")
    GTEST_SKIP() << "this CPU has no AVX2 to compare with";
  EXPECT_EQ(there, here);
  EXPECT_EQ(run({"info", "-m", model_file(), "--isa", "avx512"}, haswell).status, 1);
}

// No AVX at all: an instruction of it would die.
TEST(Cpu, Nehalem) {
  if (!*kQemu) GTEST_SKIP() << "qemu-x86_64 is not installed";
  const RunOptions nehalem{.before = {kQemu, "-cpu", "Nehalem"}};
  const Ran info = run({"info", "-m", model_file(), "--json"}, nehalem);
  ASSERT_EQ(info.status, 0) << info.err;
  EXPECT_EQ(parsed(info.out)["isa"], "portable");
  const auto there = embeddings(nehalem), here = embeddings({}, "portable");
  EXPECT_EQ(there, here);
  const auto best = embeddings({});
  expect_near(there.first, best.first);
  expect_near(there.second, best.second);
  const Ran forced = run({"info", "-m", model_file(), "--isa", "avx2"}, nehalem);
  EXPECT_EQ(forced.status, 1);
  EXPECT_THAT(forced.err, testing::HasSubstr("(isa_unavailable)"));
}

}  // namespace
}  // namespace simdclip::tests
